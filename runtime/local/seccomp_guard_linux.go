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

// denyKill keeps commands that share a PID namespace with the supervisor from
// ending it: what they have left behind would live on. Its process group bears
// its pid. SIGURG is how its Go runtime interrupts its own threads; tkill names a
// thread, so there the signals that cannot be caught are denied for all.
func (f *filter) denyKill(pid int) {
	self := uint32(pid)
	for _, to := range []uint32{self, -self, ^uint32(0)} {
		f.deny(unix.SYS_KILL, unix.EPERM, test{arg: 0, is: to})
	}
	f.deny(unix.SYS_TGKILL, unix.EPERM, test{arg: 0, is: self}, test{arg: 2, is: uint32(unix.SIGURG), not: true})
	f.deny(unix.SYS_RT_SIGQUEUEINFO, unix.EPERM, test{arg: 0, is: self})
	f.deny(unix.SYS_RT_TGSIGQUEUEINFO, unix.EPERM, test{arg: 0, is: self})
	for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGSTOP} {
		f.deny(unix.SYS_TKILL, unix.EPERM, test{arg: 1, is: uint32(sig)})
	}
	// It takes a descriptor, which tells a filter nothing. Libraries use kill then.
	f.deny(unix.SYS_PIDFD_SEND_SIGNAL, unix.ENOSYS)
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
	f.denyKill(os.Getpid())
}
