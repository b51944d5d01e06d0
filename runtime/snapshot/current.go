package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

var (
	errTooManyLinks = errors.New("too many levels of symbolic links")
	errLeadsOut     = errors.New("leads out of the workspace")
)

// stateOf returns the state of name now and stores its content. It follows no
// link: a path below a link or a file counts as absent. Only the store causes
// errors.
func (t *Tracker) stateOf(name string, sync bool) (State, error) {
	e, err := t.entryOf(name, sync)
	return e.state(), err
}

func (t *Tracker) entryOf(name string, sync bool) (entry, error) {
	r, err := openParent(t.root, name)
	if err != nil {
		return missing(name, err), nil
	}
	defer func() { _ = r.Close() }()
	return t.entryIn(r, path.Base(name), sync)
}

// missing returns the entry for a path that could not be examined.
func missing(name string, err error) entry {
	if errors.Is(err, fs.ErrNotExist) {
		return entry{name: name, kind: Absent}
	}
	return entry{name: name, kind: Special, note: "cannot be read: " + reason(err).Error()}
}

// entryIn is entryOf for a name in an open directory.
func (t *Tracker) entryIn(r *os.Root, name string, sync bool) (entry, error) {
	info, err := r.Lstat(name)
	if err != nil {
		return missing(name, err), nil
	}
	e := newEntry(name, info)
	switch e.kind {
	case Special:
		e.note = "not a file, directory or link"
	case Link:
		if e.note, err = r.Readlink(name); err != nil {
			return missing(name, err), nil
		}
	case File:
		if e.stamp.size > t.opts.MaxFileBytes {
			e.note = tooLarge(t.opts.MaxFileBytes)
			break
		}
		err = t.take(r, &e, make([]byte, bufferBytes), sync)
	case Absent, Dir:
	}
	return e, err
}

// openParent opens the directory that name is in. If an element of the path is
// no directory, also if it is a link to one, the error is fs.ErrNotExist.
func openParent(root *os.Root, name string) (*os.Root, error) {
	r, err := nolink.Parent(root, name)
	if errors.Is(err, syscall.ENOTDIR) {
		err = fs.ErrNotExist
	}
	return r, err
}

// realPath follows the links in name, which need not exist, as os.Root does.
func realPath(root *os.Root, name string) (string, error) {
	done, rest := ".", strings.Split(path.Clean(name), "/")
	for links := 0; len(rest) > 0; {
		next := path.Join(done, rest[0])
		if next == ".." || strings.HasPrefix(next, "../") {
			return "", errLeadsOut
		}
		rest = rest[1:]
		info, err := root.Lstat(next)
		if errors.Is(err, fs.ErrNotExist) {
			return path.Join(next, path.Join(rest...)), nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", errTooManyLinks
		}
		target, err := root.Readlink(next)
		if err != nil {
			return "", err
		}
		target = filepath.ToSlash(target)
		if path.IsAbs(target) {
			return "", errLeadsOut
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return done, nil
}
