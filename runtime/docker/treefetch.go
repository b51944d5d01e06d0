package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// Why something is not copied back.
const (
	whyGuarded = "protected"
	whySpecial = "special file"
	whySetuid  = "setuid or setgid file"
	whyName    = "a name that cannot be used here"
)

// inMemory is the size of a file that is compared in memory, at most.
const inMemory = 1 << 20

// fetch is one transfer back. All changes go to a staging directory first, and
// from there into the workspace by the workspace's rules.
type fetch struct {
	*tree
	root  *os.Root           // of the workspace
	aside *runtime.Workspace // the staging directory for changed files
	stage *os.Root           // of aside
	seen  map[string]entry   // all entries in the container
	left  budget
	small bytes.Buffer // contents of a file that may be unchanged
	skip  func(name, why string)
}

// fetch copies back what changed in the container since the last transfer. It
// calls skip for an entry that is not copied back, once for each state of it.
func (t *tree) fetch(ctx context.Context, skip func(name, why string)) error {
	root, done, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	aside, err := runtime.TempWorkspace()
	if err != nil {
		return err
	}
	defer func() { _ = aside.Close() }()
	stage, err := os.OpenRoot(aside.Dir())
	if err != nil {
		return err
	}
	defer func() { _ = stage.Close() }()
	f := fetch{tree: t, root: root, aside: aside, stage: stage, seen: make(map[string]entry), left: t.limit, skip: skip}
	if err := f.receive(ctx); err != nil {
		return err
	}
	if err := f.removeHere(); err != nil {
		return err
	}
	return f.place(ctx)
}

// receive reads the container's files and stages those that have changed.
func (f *fetch) receive(ctx context.Context) error {
	stream, _, err := f.s.client.api.CopyFromContainer(ctx, f.s.id, workDir)
	if err != nil {
		return f.s.client.explain("copy files from the container", err)
	}
	defer func() { _ = stream.Close() }()
	archive := tar.NewReader(stream)
	for {
		head, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return f.s.client.explain("copy files from the container", err)
		}
		// All names begin with the requested directory.
		_, name, _ := strings.Cut(path.Clean(head.Name), "/")
		if name == "" {
			continue
		}
		if !f.left.spend(head.Size) {
			return f.tooLarge(name)
		}
		if err := f.take(archive, head, name); err != nil {
			return fmt.Errorf("copy %q from the container: %w", name, err)
		}
	}
}

// take stages one entry if it has changed.
func (f *fetch) take(archive io.Reader, head *tar.Header, name string) error {
	now := entry{mode: fs.FileMode(head.Mode) & fs.ModePerm}
	_, badName := runtime.CleanPath(name)
	switch {
	case badName != nil || !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), tempPrefix):
		f.leave(name, entry{}, whyName)
		return nil
	case head.Mode&0o6000 != 0 && head.Typeflag != tar.TypeDir:
		f.leave(name, now, whySetuid)
		return nil
	}
	switch head.Typeflag {
	case tar.TypeDir:
		now.mode |= fs.ModeDir
		return f.keep(name, now, func() error { return f.stage.MkdirAll(name, now.mode.Perm()|0o700) })
	case tar.TypeSymlink:
		now.mode, now.link = fs.ModeSymlink, head.Linkname
		return f.keep(name, now, func() error { return f.stage.Symlink(now.link, name) })
	case tar.TypeReg:
		return f.takeFile(archive, name, now, head.Size)
	case tar.TypeLink: // another name of an earlier file
		_, first, _ := strings.Cut(path.Clean(head.Linkname), "/")
		from, err := f.contents(first)
		if err != nil {
			f.leave(name, now, "hard link to "+head.Linkname)
			return nil
		}
		defer func() { _ = from.Close() }()
		info, err := from.Stat()
		if err != nil {
			return err
		}
		return f.takeFile(from, name, now, info.Size())
	default:
		f.leave(name, now, whySpecial)
		return nil
	}
}

// takeFile stages a file, and removes it again if it has not changed. It
// compares contents because the times in the archive are whole seconds. A small
// file that may be unchanged is compared in memory first, which avoids making
// and removing a file for most of the workspace.
func (f *fetch) takeFile(from io.Reader, name string, now entry, size int64) error {
	if was := f.known[name]; was.mode == now.mode && was.size == size && size <= inMemory {
		f.small.Reset()
		if _, err := f.small.ReadFrom(io.LimitReader(from, inMemory)); err != nil {
			return err
		}
		now.size, now.sum = int64(f.small.Len()), sha256.Sum256(f.small.Bytes())
		if was.same(now) {
			f.seen[name] = now
			return nil
		}
		from = io.MultiReader(&f.small, from)
	}
	if err := f.parents(name); err != nil {
		return err
	}
	file, err := f.stage.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	now.size, err = io.Copy(io.MultiWriter(file, sum), from)
	err = errors.Join(err, file.Chmod(now.mode), file.Close())
	if err != nil {
		return err
	}
	sum.Sum(now.sum[:0])
	kept := false
	if err := f.keep(name, now, func() error { kept = true; return nil }); err != nil || kept {
		return err
	}
	return f.stage.Remove(name)
}

// contents opens a file that was received already.
func (f *fetch) contents(name string) (*os.File, error) {
	if !fs.ValidPath(name) || !f.seen[name].mode.IsRegular() {
		return nil, fs.ErrNotExist
	}
	file, err := f.stage.Open(name)
	if errors.Is(err, fs.ErrNotExist) { // unchanged
		return f.root.OpenFile(name, os.O_RDONLY|nolink.Nonblock, 0)
	}
	return file, err
}

// keep calls stage for an entry that has changed and may be copied back.
func (f *fetch) keep(name string, now entry, stage func() error) error {
	f.seen[name] = now
	was, ok := f.known[name]
	switch {
	case ok && was.same(now):
		return nil
	case ok && now.mode.IsDir() && was.mode.IsDir():
		return nil // other permission bits of an existing directory do not matter
	case f.there[name].same(now):
		return nil
	case f.isGuarded(name):
		f.leave(name, now, whyGuarded)
		return nil
	}
	if err := f.parents(name); err != nil {
		return err
	}
	return stage()
}

func (f *fetch) parents(name string) error {
	if dir := path.Dir(name); dir != "." {
		return f.stage.MkdirAll(dir, 0o755)
	}
	return nil
}

// leave records an entry that stays in the container.
func (f *fetch) leave(name string, now entry, why string) {
	f.seen[name] = now
	if was, ok := f.there[name]; !ok || !was.same(now) {
		f.there[name] = now
		f.skip(name, why)
	}
}
