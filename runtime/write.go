package runtime

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/instance"
	"github.com/pygent/pygent/runtime/internal/nolink"
	"github.com/pygent/pygent/runtime/protect"
)

// tempPrefix begins the names of the temporary files and directories of writes
// and copies.
const tempPrefix = ".pygent-"

// WriteFile creates or replaces a file; missing directories are made. The new
// content appears all at once: after a failure the old file is unchanged and
// nothing else is left.
//
// An existing file keeps its permission bits (and, for root, its owner); a new
// one gets 0644 less the umask. For a symbolic link inside the workspace its
// target is written. A file with further hard links is replaced, so that the
// other names keep the old content.
//
// A protected path (see package protect) is refused with an error that wraps
// ErrProtected. allowed are paths, as Target returns them, that the user has
// allowed for this write; nobody can allow a path inside a repository.
//
// The Change has the given path, cleaned. Writing the same content again is a
// modification with 0 lines added and removed. Lines are those of a shortest
// diff; countLines says when they are not counted.
func (w *Workspace) WriteFile(name string, data []byte, allowed ...string) (change Change, err error) {
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
	if err := w.gate("write", clean, real, allowed); err != nil {
		return Change{}, err
	}
	dir, made, err := nolink.MakeParent(w.root, real, 0o755)
	defer func() {
		if err != nil {
			for _, dir := range slices.Backward(made) {
				_ = w.root.Remove(dir) // fails when somebody else has put a file in
			}
		}
	}()
	if err != nil {
		return Change{}, w.wrap("make the directory of", clean, err)
	}
	at := place{dir, path.Base(real), real}
	defer at.close()
	old, before, err := w.existingFile(at)
	if err != nil {
		return Change{}, err
	}
	// Check again: the workspace can have changed since, and two writes
	// together can make a repository.
	last := func() error { return w.gate("write", clean, real, allowed) }
	if err := w.replace(at, data, old, last); err != nil {
		return Change{}, w.wrap("write", clean, err)
	}
	c := Change{Path: clean, Change: ChangeModified, Protected: protect.Named(real) != ""}
	if old == nil {
		c.Change = ChangeAdded
	}
	c.Added, c.Removed = countLines(before, data)
	return c, nil
}

// place is the location of a file that exists or will be made: a name in an
// open directory, which was reached through no link.
type place struct {
	dir  *os.Root
	base string
	real string // workspace-relative
}

func (p place) close() { _ = p.dir.Close() } // it was only read

// existingFile returns the file at a place, nil when there is none, and its
// content if its lines are counted.
func (w *Workspace) existingFile(at place) (fs.FileInfo, []byte, error) {
	name := at.real
	f, info, err := w.openRegularIn(at.dir, at.base, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil, nil
	case errors.Is(err, fs.ErrPermission):
		// A file that cannot be read can still be replaced.
		info, err := at.dir.Lstat(at.base)
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

// replace writes data at a place, unless last, which is called just before,
// returns an error. old is nil for a new file.
func (w *Workspace) replace(at place, data []byte, old fs.FileInfo, last func() error) (err error) {
	temp := tempName()
	perm := fs.FileMode(0o644)
	if old != nil {
		perm = 0o600 // nobody else may read it before it has the old file's permission bits
	}
	f, err := at.dir.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = at.dir.Remove(temp)
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
	return at.dir.Rename(temp, at.base)
}

func tooLarge(op, name string, size int64) error {
	return &fileError{fmt.Sprintf("%s %s: %d bytes are more than the limit of %d", op, quote(name), size, MaxFileBytes), ErrTooLarge}
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

// tempName returns a new random name, so that nobody can guess it and put a
// file there. It contains this process's tag, by which SweepTemp finds the
// files of a dead process.
func tempName() string {
	tag := instance.Self().Tag()
	return tempPrefix + tag + rand.Text()[len(tag):]
}

// isTemp reports whether tempName made a name.
func isTemp(name string) bool {
	random, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(random) == len(rand.Text()) && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
