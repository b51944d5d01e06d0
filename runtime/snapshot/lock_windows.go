package snapshot

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockAt is where files are locked: what lies below can be read by others.
const lockAt = 1 << 30

// lock waits for a lock on f that other holders of the file see; it ends when f
// is closed, or with the process.
func lock(f *os.File, exclusive bool) error {
	var flags uint32
	if exclusive {
		flags = windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: lockAt})
}

// tryLock takes the exclusive lock if nobody has any.
func tryLock(f *os.File) bool {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: lockAt}) == nil
}
