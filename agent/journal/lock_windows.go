package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const openNonblock = 0

// lockedByte lies far beyond the file's content, which stays readable.
var lockedByte = windows.Overlapped{OffsetHigh: 1}

// tryLock takes the lock of f; held reports that another process has it.
func tryLock(f *os.File) (held bool, err error) {
	at := lockedByte
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}

func unlock(f *os.File) error {
	at := lockedByte
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}
