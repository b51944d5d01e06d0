package gitrepo

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git's own name for it, not a defence
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Bounds of Tree.Clean.
const (
	maxStatusFiles = 50_000
	maxStatusFile  = 16 << 20 // bytes of a file that is read
)

// errTooMuch says that a tree is too large to be looked through in time.
var errTooMuch = errors.New("too much to look through")

// Branch returns the name of the branch, "" when HEAD names none. A link as HEAD
// is not followed.
func (t *Tree) Branch() (name string) {
	inDir(t.Dir, func(r *os.Root) {
		ref, ok := strings.CutPrefix(readText(r, "HEAD"), "ref: refs/heads/")
		if ok {
			name = strings.TrimSpace(ref)
		}
	})
	return name
}

// Clean reports whether the workspace has the files of the index, no other file
// that git does not ignore, and the index those of the last commit. known is false
// when that cannot be told before the deadline, or because settings convert the
// content of a file whose time is another one. Of a commit in a pack the index is
// taken to be its own.
func (t *Tree) Clean(workspace string, deadline time.Time) (clean, known bool) {
	t.load.Do(t.loadIndex)
	if t.index == nil {
		return false, false
	}
	root, err := os.OpenRoot(workspace)
	if err != nil {
		return false, false
	}
	defer func() { _ = root.Close() }()
	s := status{tree: t, root: root, deadline: deadline}
	for _, check := range []func() (bool, error){s.committed, s.tracked, func() (bool, error) { return s.known(".", t.Rules) }} {
		if ok, err := check(); err != nil || !ok {
			return false, err == nil
		}
	}
	return true, true
}

type status struct {
	tree     *Tree
	root     *os.Root // the workspace
	deadline time.Time
	seen     int
}

func (s *status) count() error {
	if s.seen++; s.seen > maxStatusFiles || s.seen%256 == 0 && time.Now().After(s.deadline) {
		return errTooMuch
	}
	return nil
}

// committed compares the index's tree with that of the last commit.
func (s *status) committed() (same bool, err error) {
	same = true
	inDir(s.tree.Dir, func(r *os.Root) {
		data, _, bad := nolink.ReadFile(r, "index", maxIndex)
		tree, ok := treeOf(data)
		switch {
		case bad != nil:
		case !ok:
			same = len(s.tree.index.entries) == 0 // git has dropped it: something is staged
		default:
			if want, ok := commitTree(r); ok {
				same = tree == want
			}
		}
	})
	return same, nil
}

// treeOf returns the tree that an index says it is (the extension TREE); ok is
// false after something was staged.
func treeOf(data []byte) (id string, ok bool) {
	at := bytes.LastIndex(data, []byte("TREE"))
	if at < 0 || len(data) < at+9 {
		return "", false
	}
	rest := data[at+8 : min(len(data), at+8+int(binary.BigEndian.Uint32(data[at+4:])&0xffffff))]
	head, id, _ := strings.Cut(string(rest), "\n")
	if !strings.HasPrefix(head, "\x00") || strings.HasPrefix(head, "\x00-") || len(id) < shortID {
		return "", false
	}
	return hex.EncodeToString([]byte(id[:shortID])), true
}

// commitTree returns the tree of the last commit; ok is false when that is not a
// loose object of a branch's file.
func commitTree(r *os.Root) (id string, ok bool) {
	at := strings.TrimSpace(readText(r, "HEAD"))
	if ref, is := strings.CutPrefix(at, "ref: "); is {
		if !fs.ValidPath(ref) || !strings.HasPrefix(ref, "refs/") {
			return "", false
		}
		at = strings.TrimSpace(readText(r, ref))
	}
	if len(at) != 2*shortID || strings.Trim(at, "0123456789abcdef") != "" {
		return "", false
	}
	f, err := r.OpenFile("objects/"+at[:2]+"/"+at[2:], os.O_RDONLY|nolink.Nonblock, 0)
	if err != nil {
		return "", false
	}
	defer func() { _ = f.Close() }()
	z, err := zlib.NewReader(f)
	if err != nil {
		return "", false
	}
	in := bufio.NewReader(io.LimitReader(z, 4096))
	if head, err := in.ReadString(0); err != nil || !strings.HasPrefix(head, "commit ") {
		return "", false
	}
	line, err := in.ReadString('\n')
	id, ok = strings.CutPrefix(strings.TrimSpace(line), "tree ")
	return id, ok && err == nil
}

// tracked compares the files of the index with those of the workspace.
func (s *status) tracked() (bool, error) {
	prefix := s.tree.path("")
	if prefix != "" {
		prefix += "/"
	}
	for i := range s.tree.index.entries {
		e := &s.tree.index.entries[i]
		name, below := strings.CutPrefix(e.path, prefix)
		if !below || e.mode&0o170000 == 0o160000 { // a submodule
			continue
		}
		if err := s.count(); err != nil {
			return false, err
		}
		same, err := s.same(e, name)
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func (s *status) same(e *indexEntry, name string) (bool, error) {
	info, err := s.root.Lstat(filepath.FromSlash(name))
	if err != nil || !e.plain {
		return false, nil //nolint:nilerr // it is gone, or not merged
	}
	link := info.Mode()&fs.ModeSymlink != 0
	if link != (e.mode&0o170000 == 0o120000) || !link && !info.Mode().IsRegular() {
		return false, nil
	}
	mtime := info.ModTime().UnixNano()
	if int64(uint32(info.Size())) == e.file.Size && mtime == e.file.MTime && mtime < s.tree.index.written { //nolint:gosec // an index keeps the low 32 bits
		return true, nil
	}
	var data []byte
	switch {
	case link:
		target, err := s.root.Readlink(filepath.FromSlash(name))
		if err != nil {
			return false, nil //nolint:nilerr // it changes at this moment
		}
		data = []byte(filepath.ToSlash(target))
	case info.Size() > maxStatusFile, !s.tree.index.literal, s.tree.Converts:
		return false, errTooMuch
	default:
		if data, _, err = nolink.ReadFile(s.root, name, maxStatusFile); err != nil {
			return false, nil //nolint:nilerr // likewise
		}
	}
	sum := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(sum, "blob %d\x00", len(data))
	sum.Write(data)
	return bytes.Equal(sum.Sum(nil), e.id[:]), nil
}

// known reports whether all files below dir are tracked or ignored.
func (s *status) known(dir string, above *Rules) (bool, error) {
	if err := s.count(); err != nil {
		return false, err
	}
	r, err := s.root.OpenRoot(filepath.FromSlash(dir))
	if err != nil {
		return true, nil //nolint:nilerr // git cannot list it either
	}
	defer func() { _ = r.Close() }()
	parts := s.tree.Within
	if dir != "." {
		parts = append(parts[:len(parts):len(parts)], strings.Split(dir, "/")...)
	}
	rules := above.Below(r, len(parts))
	list, err := fs.ReadDir(r.FS(), ".")
	if err != nil {
		return true, nil //nolint:nilerr // likewise
	}
	for _, entry := range list {
		if err := s.count(); err != nil {
			return false, err
		}
		name := path.Join(dir, entry.Name())
		switch {
		case entry.Name() == Dir, rules.Ignore(parts, entry.Name(), entry.IsDir()), s.tree.Tracks(name, false):
		case !entry.IsDir():
			return !entry.Type().IsRegular() && entry.Type()&fs.ModeSymlink == 0, nil
		default:
			if ok, err := s.known(name, rules); err != nil || !ok {
				return false, err
			}
		}
	}
	return true, nil
}
