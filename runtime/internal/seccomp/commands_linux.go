package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// namespaceFlags are the CLONE_NEW flags that clone(2) knows.
const namespaceFlags = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// denied are system calls that no command needs and that reach other processes,
// other namespaces, or parts of the kernel that were exploited too often.
var denied = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	unix.SYS_PROCESS_MADVISE, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_OPEN_TREE_ATTR,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_SYSLOG,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_VHANGUP,
}

// terminalInput are ioctls that put input into a terminal.
var terminalInput = []uint32{unix.TIOCSTI, 0x541c /* TIOCLINUX */}

// Denied returns the system calls that Commands denies with any arguments,
// except clone3.
func Denied() []uint32 { return slices.Concat(denied, archDenied) }

// Families returns the socket families that a network namespace confines.
// Others, such as those to the host of a virtual machine, ignore namespaces.
func Families() []uint32 {
	return []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_UNIX, unix.AF_NETLINK}
}

// Commands returns the filter for commands in every sandbox, also in a
// container. They can make sockets of these families, and socket pairs.
func Commands(families ...uint32) Filter {
	f := New()
	for _, call := range Denied() {
		f.Deny(call, unix.EPERM)
	}
	// Test each flag by itself. clone3 has its flags in memory, which a filter
	// cannot read, so it does not exist: libraries then use clone.
	for bit := uint32(1); bit != 0; bit <<= 1 {
		if namespaceFlags&bit != 0 {
			f.Deny(unix.SYS_CLONE, unix.EPERM, Test{Arg: 0, Mask: bit, Is: bit})
		}
	}
	f.Deny(unix.SYS_CLONE3, unix.ENOSYS)
	for _, request := range terminalInput {
		f.Deny(unix.SYS_IOCTL, unix.EPERM, Test{Arg: 1, Is: request})
	}
	f.denyForeignLimits()
	f.allowSockets(families)
	// Netlink sockets can list the interfaces only.
	f.Deny(unix.SYS_SOCKET, unix.EPERM, Test{Arg: 0, Is: unix.AF_NETLINK}, Test{Arg: 2, Is: unix.NETLINK_ROUTE, Not: true})
	f.denySetID()
	return f
}

func (f *Filter) allowSockets(families []uint32) {
	var tests []Test
	for _, family := range families {
		tests = append(tests, Test{Arg: 0, Is: family, Not: true})
	}
	f.Deny(unix.SYS_SOCKET, unix.EPERM, tests...)
}

// denyForeignLimits allows reading the limits of other processes, but not
// setting them. A process must name itself by 0, because its own PID can mean
// another process in another namespace.
func (f *Filter) denyForeignLimits() {
	other := Test{Arg: 0, Not: true}
	f.Deny(unix.SYS_PRLIMIT64, unix.EPERM, other, Test{Arg: 2, Not: true})
	f.Deny(unix.SYS_PRLIMIT64, unix.EPERM, other, Test{Arg: 2, High: true, Not: true})
}
