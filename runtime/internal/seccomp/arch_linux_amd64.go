package seccomp

import "golang.org/x/sys/unix"

const (
	known     = true
	auditArch = unix.AUDIT_ARCH_X86_64
)

// archFilter refuses the x32 calls, which share the architecture's number.
var archFilter = Filter{
	{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataNumber},
	{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: 0x40000000, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: seccompErrno | uint32(unix.EPERM)},
}

// archModeCalls are older calls that set modes.
var archModeCalls = []modeCall{
	{call: unix.SYS_CHMOD, mode: 1},
	{call: unix.SYS_MKNOD, mode: 1},
	{call: unix.SYS_CREAT, mode: 1},
	{call: unix.SYS_OPEN, mode: 2, flags: 1},
}

// archDenied are calls that other architectures do not have.
var archDenied = []uint32{unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_KEXEC_FILE_LOAD}
