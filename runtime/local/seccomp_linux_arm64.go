package local

import "golang.org/x/sys/unix"

const (
	auditName = "aarch64"
	auditArch = unix.AUDIT_ARCH_AARCH64
)

var (
	archFilter    filter
	archDenied    = []uint32{unix.SYS_KEXEC_FILE_LOAD}
	archModeCalls []modeCall

	archOwnerCalls []ownerCall
)
