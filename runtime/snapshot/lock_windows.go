package snapshot

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockAt is where files are locked: what lies below can be read by others.
const lockAt = 1 << 30

// tryLock takes a lock on f if nobody has one, or with exclusive false no exclusive
// one. Other holders of the file see it; it ends when f is closed, or with the process.
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
