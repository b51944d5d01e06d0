package confine

import (
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// MinABI is the version of Landlock that Files needs: version 1 forbids all
// moves from one directory to another.
const MinABI = 2

// unixABI is the version with rules for sockets that have a path. Since this
// version all threads share a domain.
const unixABI = 9

// Devices are the files of /dev that commands can use.
var Devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}

// ABI returns the version of Landlock that the kernel has, 0 for none.
func ABI() int {
	abi, err := llsys.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return abi
}

// Files allows reading all files, and writing only devices and files in the
// directories of write. Below MinABI it returns an error.
//
// From version 9 on it also denies this process and its children the sockets
// with a path that were made outside, except those in sockets.
//
// It does not restrict signals: the kernel makes a domain for each thread, so
// the supervisor could signal commands only from the thread that forked them.
func Files(write, sockets []string) error {
	if abi := ABI(); abi < MinABI {
		return fmt.Errorf("the kernel has version %d and %d is needed; use Linux 5.19 or later with Landlock among its security modules", abi, MinABI)
	}
	rules := []landlock.Rule{
		landlock.RODirs("/"),
		landlock.RWDirs(write...).WithRefer(),
		landlock.RWDirs("/dev/pts").WithIoctlDev().IgnoreIfMissing(),
		landlock.RWFiles(Devices...).IgnoreIfMissing(),
		landlock.RWFiles("/dev/tty").WithIoctlDev().IgnoreIfMissing(), // for a command in a terminal that it made
	}
	if ABI() < unixABI {
		return landlock.V6.BestEffort().RestrictPaths(rules...)
	}
	if len(sockets) > 0 {
		rules = append(rules, landlock.PathAccess(llsys.AccessFSResolveUnix, sockets...).IgnoreIfMissing())
	}
	return landlock.V9.RestrictPaths(rules...)
}
