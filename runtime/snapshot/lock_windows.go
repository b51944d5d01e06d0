package snapshot

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockAt is the offset at which files are locked: others can read the bytes
// before it.
const lockAt = 1 << 30

// tryLock locks f unless somebody else has a lock, or if exclusive is false, an
// exclusive lock. Other users of the file notice the lock. It ends when f is
// closed, or with the process.
func tryLock(f *os.File, exclusive bool) (bool, error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: lockAt})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
