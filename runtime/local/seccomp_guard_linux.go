package local

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/seccomp"
)

// shield prevents commands in the supervisor's PID namespace from ending the
// supervisor (supervisor.Options.Shield): processes that they left would live
// on. Only the thread that forks commands is under the filter, so that the
// others can still signal each other, as the Go runtime does.
func shield(threads []int) error { return filterKill(os.Getpid(), threads).InstallHere() }

// filterKill denies signals to a process, to its threads, each of whose ids
// reaches the process too, and to all processes at once. Its process group has
// its pid.
func filterKill(pid int, threads []int) seccomp.Filter {
	f := seccomp.New()
	self := uint32(pid)
	for _, to := range []uint32{-self, ^uint32(0)} {
		f.Deny(unix.SYS_KILL, unix.EPERM, seccomp.Test{Arg: 0, Is: to})
	}
	for _, thread := range threads {
		to := seccomp.Test{Arg: 0, Is: uint32(thread)}
		f.Deny(unix.SYS_KILL, unix.EPERM, to)
		f.Deny(unix.SYS_TKILL, unix.EPERM, to)
		f.Deny(unix.SYS_RT_SIGQUEUEINFO, unix.EPERM, to)
	}
	f.Deny(unix.SYS_TGKILL, unix.EPERM, seccomp.Test{Arg: 0, Is: self})
	f.Deny(unix.SYS_RT_TGSIGQUEUEINFO, unix.EPERM, seccomp.Test{Arg: 0, Is: self})
	// A filter cannot know the process of a descriptor. Libraries use kill
	// instead.
	f.Deny(unix.SYS_PIDFD_SEND_SIGNAL, unix.ENOSYS)
	// The kernel sends this signal to the process that a file notifies.
	f.Deny(unix.SYS_FCNTL, unix.EPERM, seccomp.Test{Arg: 1, Is: unix.F_SETSIG})
	return f
}

// denyShared denies what namespaces separate at level strong.
func (f *filter) denyShared() {
	for _, call := range ipcCalls {
		f.Deny(call, unix.EPERM)
	}
}

// Extended attributes and the flags of chattr(1), which have calls of their own.
var (
	attributeCalls = []uint32{
		unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
		unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT,
		unix.SYS_FILE_SETATTR,
	}
	attributeIoctls = []uint32{unix.FS_IOC_SETFLAGS, 0x401c5820 /* FS_IOC_FSSETXATTR */}
)

// An ownerCall is a system call that sets a file's owner and group, two of its
// arguments.
type ownerCall struct{ call, uid, gid uint32 }

// denyAttributes protects files outside the workspace: Landlock covers no
// attributes, and a filter sees no path. For programs the file system seems to
// have no extended attributes. The user's own owner and group can be set, as
// tar and cp do for root; another group of the user cannot.
func (f *filter) denyAttributes(uid, gid int) {
	for _, call := range attributeCalls {
		f.Deny(call, unix.ENOTSUP)
	}
	for _, request := range attributeIoctls {
		f.Deny(unix.SYS_IOCTL, unix.ENOTSUP, seccomp.Test{Arg: 1, Is: request})
	}
	for _, c := range append([]ownerCall{{unix.SYS_FCHOWN, 1, 2}, {unix.SYS_FCHOWNAT, 2, 3}}, archOwnerCalls...) {
		for arg, own := range map[uint32]int{c.uid: uid, c.gid: gid} {
			// A value with all bits set changes nothing.
			f.Deny(c.call, unix.EPERM, seccomp.Test{Arg: arg, Is: uint32(own), Not: true}, seccomp.Test{Arg: arg, Is: ^uint32(0), Not: true})
		}
	}
}

// maxWatchedSegment bounds a segment of System V shared memory, of which there can
// be 4096, where memory is watched.
const maxWatchedSegment = 64 << 10

// denyUnseen denies memory that no process has mapped, where the supervisor
// counts mapped memory only: the files of memfd_create, instead of which
// programs use files in /tmp or /dev/shm, which are limited, and large segments
// that no process has attached.
func (f *filter) denyUnseen() {
	f.Deny(unix.SYS_MEMFD_CREATE, unix.ENOSYS)
	f.Deny(unix.SYS_MEMFD_SECRET, unix.ENOSYS)
	for _, call := range shmgetCalls {
		f.Deny(call, unix.ENOMEM, seccomp.Test{Arg: 1, High: true, Not: true})
		f.Deny(call, unix.ENOMEM, seccomp.Test{Arg: 1, Mask: ^uint32(maxWatchedSegment - 1), Not: true})
	}
}
