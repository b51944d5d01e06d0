package local

import (
	"crypto/rand"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// A modeCall sets a file's mode, an argument of it.
type modeCall struct {
	call, mode uint32
	flags      uint32 // the argument with open flags; 0 for none, the mode then always counts
}

// modeCalls are those of all architectures. openat2 has its mode in memory, which
// a filter cannot read; what it makes is empty, and loses the bits when written.
var modeCalls = []modeCall{
	{call: unix.SYS_FCHMOD, mode: 1},
	{call: unix.SYS_FCHMODAT, mode: 2},
	{call: unix.SYS_FCHMODAT2, mode: 2},
	{call: unix.SYS_MKNODAT, mode: 2},
	{call: unix.SYS_OPENAT, mode: 3, flags: 2},
}

// tmpfileFlag is the kernel's __O_TMPFILE, O_TMPFILE without O_DIRECTORY.
const tmpfileFlag = 0x400000

// denySetID keeps commands from making files that run as their owner: in a
// sandbox of root's that is root, on the host as well.
func (f *filter) denySetID() {
	for _, c := range append(modeCalls, archModeCalls...) {
		for _, bit := range []uint32{unix.S_ISUID, unix.S_ISGID} {
			mode := test{arg: c.mode, mask: bit, is: bit}
			if c.flags == 0 {
				f.deny(c.call, unix.EPERM, mode)
				continue
			}
			for _, flag := range []uint32{unix.O_CREAT, tmpfileFlag} {
				f.deny(c.call, unix.EPERM, test{arg: c.flags, mask: flag, is: flag}, mode)
			}
		}
	}
}

// shield keeps commands that share a PID namespace with the supervisor from ending
// it (supervisor.Options.Shield): what they have left behind would live on. Only
// the thread that forks them comes under the filter, so that the others can still
// signal each other, as the Go runtime does.
func shield(threads []int) error { return installFilterHere(filterKill(os.Getpid(), threads)) }

// filterKill denies signals to a process and to its threads, by each of whose ids
// the kernel finds it, and to all processes at once. Its process group bears its
// pid.
func filterKill(pid int, threads []int) filter {
	f := newFilter()
	self := uint32(pid)
	for _, to := range []uint32{-self, ^uint32(0)} {
		f.deny(unix.SYS_KILL, unix.EPERM, test{arg: 0, is: to})
	}
	for _, thread := range threads {
		to := test{arg: 0, is: uint32(thread)}
		f.deny(unix.SYS_KILL, unix.EPERM, to)
		f.deny(unix.SYS_TKILL, unix.EPERM, to)
		f.deny(unix.SYS_RT_SIGQUEUEINFO, unix.EPERM, to)
	}
	f.deny(unix.SYS_TGKILL, unix.EPERM, test{arg: 0, is: self})
	f.deny(unix.SYS_RT_TGSIGQUEUEINFO, unix.EPERM, test{arg: 0, is: self})
	// A descriptor tells a filter nothing. Libraries use kill then.
	f.deny(unix.SYS_PIDFD_SEND_SIGNAL, unix.ENOSYS)
	// The kernel sends this signal to whom a file has been told to notify.
	f.deny(unix.SYS_FCNTL, unix.EPERM, test{arg: 1, is: unix.F_SETSIG})
	return f
}

// guardTags leaves the limit that tags commands (supervisor.Options.TagKey) to
// those who know the key that it returns: the supervisor, which is under the same
// filters as commands are. It is the fifth argument of prlimit64, which has four.
func guardTags() (key uint64, err error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	key = binary.LittleEndian.Uint64(random[:])
	return key, installFilter(filterTags(key))
}

func filterTags(key uint64) filter {
	f := newFilter()
	resource := test{arg: 1, is: unix.RLIMIT_RTTIME}
	f.deny(unix.SYS_SETRLIMIT, unix.EPERM, test{arg: 0, is: unix.RLIMIT_RTTIME})
	for _, set := range []test{{arg: 2, not: true}, {arg: 2, high: true, not: true}} {
		f.deny(unix.SYS_PRLIMIT64, unix.EPERM, resource, set, test{arg: 4, is: uint32(key), not: true})
		f.deny(unix.SYS_PRLIMIT64, unix.EPERM, resource, set, test{arg: 4, high: true, is: uint32(key >> 32), not: true})
	}
	return f
}

// denyShared denies what namespaces would keep apart at level strong.
func (f *filter) denyShared() {
	for _, call := range ipcCalls {
		f.deny(call, unix.EPERM)
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
		f.deny(call, unix.ENOTSUP)
	}
	for _, request := range attributeIoctls {
		f.deny(unix.SYS_IOCTL, unix.ENOTSUP, test{arg: 1, is: request})
	}
	for _, c := range append([]ownerCall{{unix.SYS_FCHOWN, 1, 2}, {unix.SYS_FCHOWNAT, 2, 3}}, archOwnerCalls...) {
		for arg, own := range map[uint32]int{c.uid: uid, c.gid: gid} {
			// All bits set leave it as it is.
			f.deny(c.call, unix.EPERM, test{arg: arg, is: uint32(own), not: true}, test{arg: arg, is: ^uint32(0), not: true})
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
	f.deny(unix.SYS_MEMFD_CREATE, unix.ENOSYS)
	f.deny(unix.SYS_MEMFD_SECRET, unix.ENOSYS)
	for _, call := range shmgetCalls {
		f.deny(call, unix.ENOMEM, test{arg: 1, high: true, not: true})
		f.deny(call, unix.ENOMEM, test{arg: 1, mask: ^uint32(maxWatchedSegment - 1), not: true})
	}
}
