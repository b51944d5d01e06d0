package runtime

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/instance"
)

// tempPrefix begins the names of the files and directories that exist only
// while a write or a copy is under way.
const tempPrefix = ".pygent-"

// WriteFile creates or replaces a file; directories on the way are made. The
// new content becomes visible at once and whole: on any failure the old file is
// as it was and nothing else is left.
//
// An existing file keeps its permission bits (and, for root, its owner); a new
// one gets 0644 less the umask. A symbolic link inside the workspace is written
// through to its target. A file with further hard links is replaced, so that the
// other names keep the old content.
//
// The Change has the path as it was named, cleaned. Writing the same content
// again is a modification with 0 lines added and removed. Lines are counted as a
// shortest diff has them; see countLines for when they are not counted.
func (w *Workspace) WriteFile(name string, data []byte) (change Change, err error) {
	clean, err := cleanFile(name)
	if err != nil {
		return Change{}, err
	}
	if len(data) > MaxFileBytes {
		return Change{}, tooLarge("write", clean, int64(len(data)))
	}
	real, err := w.resolve(clean)
	if err != nil {
		return Change{}, err
	}
	made, err := w.makeDirs(path.Dir(real))
	defer func() {
		if err != nil {
			for _, dir := range slices.Backward(made) {
				_ = w.root.Remove(dir) // fails where somebody else has put something in
			}
		}
	}()
	if err != nil {
		return Change{}, w.wrap("make the directory of", clean, err)
	}
	old, before, err := w.existingFile(real)
	if err != nil {
		return Change{}, err
	}
	if err := w.replace(real, data, old, func() error { return nil }); err != nil {
		return Change{}, w.wrap("write", clean, err)
	}
	c := Change{Path: clean, Change: ChangeModified}
	if old == nil {
		c.Change = ChangeAdded
	}
	c.Added, c.Removed = countLines(before, data)
	return c, nil
}

// makeDirs makes the directory and those that lead to it, as far as they are
// missing, and returns the ones it made, parents first, beside an error too.
func (w *Workspace) makeDirs(dir string) (made []string, err error) {
	if dir == "." {
		return nil, nil
	}
	err = w.root.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrNotExist) {
		if made, err = w.makeDirs(path.Dir(dir)); err != nil {
			return made, err
		}
		err = w.root.Mkdir(dir, 0o755)
	}
	switch {
	case err == nil:
		return append(made, dir), nil
	case errors.Is(err, fs.ErrExist):
		return made, nil // if it is a file, whoever puts something in it learns so
	}
	return made, err
}

// existingFile returns what is at name: nil when there is nothing, and the
// content as far as lines are counted in it.
func (w *Workspace) existingFile(name string) (fs.FileInfo, []byte, error) {
	f, info, err := w.openRegular(name)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil, nil
	case errors.Is(err, fs.ErrPermission):
		// A file that cannot be read can still be replaced.
		info, err := w.root.Lstat(name)
		if err != nil {
			return nil, nil, w.wrap("write", name, err)
		}
		return info, nil, mustBeRegular(name, info)
	case err != nil:
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := readAtMost(f, nil, maxCountedBytes+1)
	if err != nil {
		return nil, nil, w.wrap("read", name, err)
	}
	return info, data, nil
}

// replace puts data in the place of name, if last, asked just before, has no
// error. old is nil for a new file.
func (w *Workspace) replace(name string, data []byte, old fs.FileInfo, last func() error) (err error) {
	temp := path.Join(path.Dir(name), tempName())
	perm := fs.FileMode(0o644)
	if old != nil {
		perm = 0o600 // nobody else may read it before it has the old file's bits
	}
	f, err := w.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = w.root.Remove(temp)
		}
	}()
	if err := fill(f, data, old); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	w.publish.Lock()
	defer w.publish.Unlock()
	if err := last(); err != nil {
		return err
	}
	return w.root.Rename(temp, name)
}

func fill(f *os.File, data []byte, old fs.FileInfo) error {
	if _, err := f.Write(data); err != nil {
		return err
	}
	if old != nil {
		keepOwner(f, old)
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	return f.Sync()
}

// tempName makes up a name that nobody can guess and put something at. It begins
// with this process's tag, by which SweepTemp knows what a dead one left.
func tempName() string {
	tag := instance.Self().Tag()
	return tempPrefix + tag + rand.Text()[len(tag):]
}

// isTemp recognises what tempName makes up.
func isTemp(name string) bool {
	random, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(random) == len(rand.Text()) && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
