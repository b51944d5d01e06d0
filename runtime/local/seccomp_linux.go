package local

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/seccomp"
)

// namespaceFlags are the CLONE_NEW flags that clone(2) knows.
const namespaceFlags = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// denied are system calls that no command needs and that lead out: into other
// processes, other namespaces, or parts of the kernel that were broken too often.
var denied = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	unix.SYS_PROCESS_MADVISE, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SYSLOG,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_VHANGUP,
}

// terminalInput are ioctls that type into a terminal for its reader.
var terminalInput = []uint32{unix.TIOCSTI, 0x541c /* TIOCLINUX */}

// filter has what only commands on this machine are to be kept from besides.
type filter struct{ seccomp.Filter }

// filterBase is what both levels deny.
func filterBase() filter {
	f := filter{seccomp.New()}
	for _, call := range append(denied, archDenied...) {
		f.Deny(call, unix.EPERM)
	}
	// A flag among many; and where flags lie in memory, which a filter cannot
	// read, no system call: libraries then use the other one.
	for bit := uint32(1); bit != 0; bit <<= 1 {
		if namespaceFlags&bit != 0 {
			f.Deny(unix.SYS_CLONE, unix.EPERM, seccomp.Test{Arg: 0, Mask: bit, Is: bit})
		}
	}
	f.Deny(unix.SYS_CLONE3, unix.ENOSYS)
	for _, request := range terminalInput {
		f.Deny(unix.SYS_IOCTL, unix.EPERM, seccomp.Test{Arg: 1, Is: request})
	}
	f.DenyForeignLimits()
	// Netlink tells which interfaces there are, and no more.
	f.Deny(unix.SYS_SOCKET, unix.EPERM, seccomp.Test{Arg: 0, Is: unix.AF_NETLINK}, seccomp.Test{Arg: 2, Is: unix.NETLINK_ROUTE, Not: true})
	f.DenySetID()
	return f
}

// filterStrong leaves the sockets that the network namespace confines. Others,
// as those to the host of a virtual machine, know no namespaces.
func (s *spec) filterStrong() filter {
	f := filterBase()
	f.allowSockets(s.socketFamilies()...)
	if s.Watch > 0 {
		f.denyUnseen()
	}
	return f
}

// filterMedium leaves no socket that could be connected to anything. Pairs are
// for programs and their children; one of datagrams could send to others.
func (s *spec) filterMedium() filter {
	f := filterBase()
	f.allowSockets(unix.AF_NETLINK)
	f.Deny(unix.SYS_SOCKETPAIR, unix.EPERM, seccomp.Test{Arg: 1, Mask: 0xf, Is: unix.SOCK_DGRAM})
	f.denyShared()
	f.denyAttributes(os.Getuid(), os.Getgid())
	if s.Watch > 0 {
		f.denyUnseen()
	}
	return f
}

func (f *filter) allowSockets(families ...uint32) {
	var tests []seccomp.Test
	for _, family := range families {
		tests = append(tests, seccomp.Test{Arg: 0, Is: family, Not: true})
	}
	f.Deny(unix.SYS_SOCKET, unix.EPERM, tests...)
}
