package local

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/seccomp"
)

// filter has further rules for commands on this machine only.
type filter struct{ seccomp.Filter }

// filterStrong returns the filter that commands in containers have too.
func (s *spec) filterStrong() filter {
	f := filter{seccomp.Commands(s.socketFamilies()...)}
	if s.Watch > 0 {
		f.denyUnseen()
	}
	return f
}

// filterMedium allows no socket that could be connected. It allows pairs, for
// programs and their children, but no datagram pairs, which could send to other
// sockets.
func (s *spec) filterMedium() filter {
	f := filter{seccomp.Commands(unix.AF_NETLINK)}
	f.Deny(unix.SYS_SOCKETPAIR, unix.EPERM, seccomp.Test{Arg: 1, Mask: 0xf, Is: unix.SOCK_DGRAM})
	f.denyShared()
	f.denyAttributes(os.Getuid(), os.Getgid())
	if s.Watch > 0 {
		f.denyUnseen()
	}
	return f
}
