package local

import "golang.org/x/sys/unix"

var (
	archDenied     = []uint32{unix.SYS_KEXEC_FILE_LOAD}
	archOwnerCalls []ownerCall
)
