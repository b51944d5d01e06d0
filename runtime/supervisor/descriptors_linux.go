package supervisor

import (
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// CloseInherited makes sure that no program that this process starts inherits a
// descriptor that this process has inherited, except the standard streams:
// commands must not get files and sockets that a careless parent left open. A
// program calls it before anything else.
func CloseInherited() {
	if unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	open, err := os.ReadDir("/proc/self/fd") // before Linux 5.11
	if err != nil {
		return
	}
	for _, e := range open {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}
