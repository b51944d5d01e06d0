package local

import "golang.org/x/sys/unix"

// archOwnerCalls are older calls that set owners.
var archOwnerCalls = []ownerCall{{unix.SYS_CHOWN, 1, 2}, {unix.SYS_LCHOWN, 1, 2}}
