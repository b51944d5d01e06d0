package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// lock takes the session's lock and writes this process's id into it, for the
// error of a later process. The error for a lock that is held wraps ErrInUse.
func lock(dir *os.Root, id string) (*os.File, error) {
	f, err := openFile(dir, lockName, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("lock session %s: %w", id, err)
	}
	held, err := tryLock(f)
	switch {
	case held:
		err = fmt.Errorf("%w: %s is open in the server with process id %s; close it there", ErrInUse, id, holder(f))
	case err == nil:
		// Another process may have deleted the session, with this file.
		if err = sameFile(dir, lockName, f); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %q", ErrNotFound, id)
		}
	}
	if err == nil {
		err = writeHolder(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock session %s: %w", id, err)
	}
	return f, nil
}

func writeHolder(f *os.File) error {
	text := strconv.Itoa(os.Getpid()) + "\n"
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}

func holder(f *os.File) string {
	b := make([]byte, 20)
	n, err := f.ReadAt(b, 0)
	pid := strings.TrimSpace(string(b[:n]))
	if _, bad := strconv.Atoi(pid); bad != nil || err != nil && !errors.Is(err, io.EOF) {
		return "(unknown)"
	}
	return pid
}

func release(f *os.File) error { return errors.Join(unlock(f), f.Close()) }

// held reports whether some process has the lock. It does not keep the lock.
func held(dir *os.Root) bool {
	f, err := openFile(dir, lockName, os.O_RDWR)
	if err != nil {
		return false
	}
	defer f.Close()
	held, err := tryLock(f)
	if err != nil || held {
		return held
	}
	_ = unlock(f) // closing the descriptor releases it anyway
	return false
}
