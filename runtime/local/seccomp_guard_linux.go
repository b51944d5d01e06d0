package local

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/seccomp"
)

// shield keeps commands that share a PID namespace with the supervisor from ending
// it (supervisor.Options.Shield): what they have left behind would live on. Only
// the thread that forks them comes under the filter, so that the others can still
// signal each other, as the Go runtime does.
func shield(threads []int) error { return filterKill(os.Getpid(), threads).InstallHere() }

// filterKill denies signals to a process and to its threads, by each of whose ids
// the kernel finds it, and to all processes at once. Its process group bears its
// pid.
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
	// A descriptor tells a filter nothing. Libraries use kill then.
	f.Deny(unix.SYS_PIDFD_SEND_SIGNAL, unix.ENOSYS)
	// The kernel sends this signal to whom a file has been told to notify.
	f.Deny(unix.SYS_FCNTL, unix.EPERM, seccomp.Test{Arg: 1, Is: unix.F_SETSIG})
	return f
}

// denyShared denies what namespaces would keep apart at level strong.
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

// An ownerCall sets a file's owner and group, two arguments of it.
type ownerCall struct{ call, uid, gid uint32 }

// denyAttributes is for files outside the workspace: Landlock covers none of this,
// and a filter sees no path. Programs take the file system for one that has no
// extended attributes. An owner and group that are the user's own can be set, as
// tar and cp do for root; another group of the user's can not.
func (f *filter) denyAttributes(uid, gid int) {
	for _, call := range attributeCalls {
		f.Deny(call, unix.ENOTSUP)
	}
	for _, request := range attributeIoctls {
		f.Deny(unix.SYS_IOCTL, unix.ENOTSUP, seccomp.Test{Arg: 1, Is: request})
	}
	for _, c := range append([]ownerCall{{unix.SYS_FCHOWN, 1, 2}, {unix.SYS_FCHOWNAT, 2, 3}}, archOwnerCalls...) {
		for arg, own := range map[uint32]int{c.uid: uid, c.gid: gid} {
			// All bits set leave it as it is.
			f.Deny(c.call, unix.EPERM, seccomp.Test{Arg: arg, Is: uint32(own), Not: true}, seccomp.Test{Arg: arg, Is: ^uint32(0), Not: true})
		}
	}
}

// maxWatchedSegment bounds a segment of System V shared memory, of which there can
// be 4096, where memory is watched.
const maxWatchedSegment = 64 << 10

// denyUnseen denies memory that belongs to no process that has it mapped, where
// the supervisor watches what processes have mapped: the files of memfd_create,
// in whose place programs take one in /tmp or /dev/shm, which are limited, and
// large segments that nobody is attached to.
func (f *filter) denyUnseen() {
	f.Deny(unix.SYS_MEMFD_CREATE, unix.ENOSYS)
	f.Deny(unix.SYS_MEMFD_SECRET, unix.ENOSYS)
	for _, call := range shmgetCalls {
		f.Deny(call, unix.ENOMEM, seccomp.Test{Arg: 1, High: true, Not: true})
		f.Deny(call, unix.ENOMEM, seccomp.Test{Arg: 1, Mask: ^uint32(maxWatchedSegment - 1), Not: true})
	}
}
