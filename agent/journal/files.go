package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Names in a session's directory.
const (
	fileName = "journal.jsonl"
	lockName = "lock"
)

// openDir opens a session's directory. It refuses a link: the opened directory
// must be the one that has the name.
func openDir(base *os.Root, id string) (*os.Root, error) {
	dir, err := base.OpenRoot(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	if err != nil {
		return nil, fmt.Errorf("open session %s: %w", id, err)
	}
	own, err := dir.Stat(".")
	if err == nil {
		var there fs.FileInfo
		if there, err = base.Lstat(id); err == nil && !os.SameFile(own, there) {
			err = errors.New("its directory is a link or was exchanged")
		}
	}
	if err != nil {
		_ = dir.Close()
		return nil, fmt.Errorf("open session %s: %w", id, err)
	}
	return dir, nil
}

// openFile opens a regular file of a session, and refuses links and everything
// else. It does not block on a pipe.
func openFile(dir *os.Root, name string, flag int) (*os.File, error) {
	f, err := dir.OpenFile(name, flag|openNonblock, 0o600)
	if err != nil {
		return nil, err
	}
	if err := sameFile(dir, name, f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// sameFile fails unless f is the regular file that has the name now.
func sameFile(dir *os.Root, name string, f *os.File) error {
	own, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := dir.Lstat(name)
	switch {
	case err != nil:
		return err
	case !own.Mode().IsRegular() || !os.SameFile(own, there):
		return fmt.Errorf("%s is a link or no regular file, or was exchanged", name)
	}
	return nil
}
