package local

import "golang.org/x/sys/unix"

var archDenied = []uint32{unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_KEXEC_FILE_LOAD}

// archOwnerCalls are the older ones.
var archOwnerCalls = []ownerCall{{unix.SYS_CHOWN, 1, 2}, {unix.SYS_LCHOWN, 1, 2}}
