package seccomp

import "golang.org/x/sys/unix"

const (
	known     = true
	auditArch = unix.AUDIT_ARCH_AARCH64
)

var (
	archFilter    Filter
	archModeCalls []modeCall
	archDenied    = []uint32{unix.SYS_KEXEC_FILE_LOAD}
)
