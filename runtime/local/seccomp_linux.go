package local

import (
	"fmt"
	"os"
	goruntime "runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data, seccomp(2).
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

const (
	seccompAllow = 0x7fff0000
	seccompErrno = 0x00050000
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

// filter is a program that decides on system calls.
type filter []unix.SockFilter

// A test holds for a call whose argument, its low or high 32 bits, and mask is
// value; or is not.
type test struct {
	arg  uint32
	high bool
	mask uint32 // 0 means all bits
	is   uint32
	not  bool
}

// deny makes a call fail with errno when all tests hold.
func (f *filter) deny(call uint32, errno unix.Errno, tests ...test) {
	// From behind, because a test that does not hold jumps to the end.
	body := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: seccompErrno | uint32(errno)}}
	for i := len(tests) - 1; i >= 0; i-- {
		body = append(tests[i].compile(uint8(len(body))), body...)
	}
	*f = append(*f,
		unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataNumber},
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: uint8(len(body))})
	*f = append(*f, body...)
}

// compile makes instructions that go on when the test holds and else skip rest.
func (t test) compile(rest uint8) []unix.SockFilter {
	offset := dataArgs + 8*t.arg
	if t.high { // both architectures are little-endian
		offset += 4
	}
	jump := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: t.is, Jf: rest}
	if t.not {
		jump.Jt, jump.Jf = rest, 0
	}
	code := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}}
	if t.mask != 0 {
		code = append(code, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: t.mask})
	}
	return append(code, jump)
}

// newFilter is one that denies calls of other architectures.
func newFilter() filter {
	return append(filter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataArch},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: auditArch, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: seccompErrno | uint32(unix.EPERM)}, // calls of the 32-bit kind
	}, archFilter...)
}

// filterBase is what both levels deny.
func filterBase() filter {
	f := newFilter()
	for _, call := range append(denied, archDenied...) {
		f.deny(call, unix.EPERM)
	}
	// A flag among many; and where flags lie in memory, which a filter cannot
	// read, no system call: libraries then use the other one.
	for bit := uint32(1); bit != 0; bit <<= 1 {
		if namespaceFlags&bit != 0 {
			f.deny(unix.SYS_CLONE, unix.EPERM, test{arg: 0, mask: bit, is: bit})
		}
	}
	f.deny(unix.SYS_CLONE3, unix.ENOSYS)
	for _, request := range terminalInput {
		f.deny(unix.SYS_IOCTL, unix.EPERM, test{arg: 1, is: request})
	}
	// The limits of other processes may be read and not set.
	f.deny(unix.SYS_PRLIMIT64, unix.EPERM, test{arg: 0, not: true}, test{arg: 2, not: true})
	f.deny(unix.SYS_PRLIMIT64, unix.EPERM, test{arg: 0, not: true}, test{arg: 2, high: true, not: true})
	// Netlink tells which interfaces there are, and no more.
	f.deny(unix.SYS_SOCKET, unix.EPERM, test{arg: 0, is: unix.AF_NETLINK}, test{arg: 2, is: unix.NETLINK_ROUTE, not: true})
	f.denySetID()
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
	f.deny(unix.SYS_SOCKETPAIR, unix.EPERM, test{arg: 1, mask: 0xf, is: unix.SOCK_DGRAM})
	f.denyShared()
	f.denyAttributes(os.Getuid(), os.Getgid())
	if s.Watch > 0 {
		f.denyUnseen()
	}
	return f
}

func (f *filter) allowSockets(families ...uint32) {
	var tests []test
	for _, family := range families {
		tests = append(tests, test{arg: 0, is: family, not: true})
	}
	f.deny(unix.SYS_SOCKET, unix.EPERM, tests...)
}

// installFilter puts all threads under the filter.
func installFilter(f filter) error { return f.install(unix.SECCOMP_FILTER_FLAG_TSYNC) }

// installFilterHere puts this thread under the filter, and what it will start.
func installFilterHere(f filter) error { return f.install(0) }

func (f filter) install(flags uintptr) error {
	if len(auditName) == 0 {
		return fmt.Errorf("there is no filter for %s", goruntime.GOARCH)
	}
	f = append(f, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: seccompAllow})
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	if thread != 0 {
		return fmt.Errorf("thread %d did not take the filter", thread)
	}
	return nil
}
