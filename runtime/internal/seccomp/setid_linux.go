package seccomp

import "golang.org/x/sys/unix"

// A modeCall is a system call that sets a file's mode, one of its arguments.
type modeCall struct {
	call, mode uint32
	flags      uint32 // the argument with open flags; 0: none, the mode always counts
}

// modeCalls are the calls of all architectures.
var modeCalls = []modeCall{
	{call: unix.SYS_FCHMOD, mode: 1},
	{call: unix.SYS_FCHMODAT, mode: 2},
	{call: unix.SYS_FCHMODAT2, mode: 2},
	{call: unix.SYS_MKNODAT, mode: 2},
	{call: unix.SYS_OPENAT, mode: 3, flags: 2},
}

// tmpfileFlag is the kernel's __O_TMPFILE, O_TMPFILE without O_DIRECTORY.
const tmpfileFlag = 0x400000

// denySetID prevents commands from making files that run as their owner: if
// root runs the sandbox, the owner is root, on the host too. openat2 has its
// mode in memory, which a filter cannot read, so it does not exist, and
// programs use openat.
func (f *Filter) denySetID() {
	f.Deny(unix.SYS_OPENAT2, unix.ENOSYS)
	for _, c := range append(modeCalls, archModeCalls...) {
		for _, bit := range []uint32{unix.S_ISUID, unix.S_ISGID} {
			mode := Test{Arg: c.mode, Mask: bit, Is: bit}
			if c.flags == 0 {
				f.Deny(c.call, unix.EPERM, mode)
				continue
			}
			for _, flag := range []uint32{unix.O_CREAT, tmpfileFlag} {
				f.Deny(c.call, unix.EPERM, Test{Arg: c.flags, Mask: flag, Is: flag}, mode)
			}
		}
	}
}
