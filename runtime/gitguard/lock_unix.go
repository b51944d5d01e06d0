//go:build unix

package gitguard

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// Locks of a file end with the process. A command can hold one too, on a file
// that it can read, so waiting is bounded.
const (
	lockTries = 50
	lockPause = 10 * time.Millisecond
)

func lockShared(f *os.File) error { return flock(f, syscall.LOCK_SH, 1) }

func lockAlone(f *os.File) error { return flock(f, syscall.LOCK_EX, 1) }

func lockPatiently(f *os.File) error { return flock(f, syscall.LOCK_EX, lockTries) }

func flock(f *os.File, how, tries int) (err error) {
	for try := range tries {
		if try > 0 {
			time.Sleep(lockPause)
		}
		if err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
	}
	return err
}

func lockSharedPatiently(f *os.File) error { return flock(f, syscall.LOCK_SH, lockTries) }

func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
