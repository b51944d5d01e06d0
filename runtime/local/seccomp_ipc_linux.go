//go:build amd64 || arm64

package local

import "golang.org/x/sys/unix"

// ipcCalls access memory, semaphores and queues that all processes of the
// machine share. These have no file, so Landlock does not cover them.
var ipcCalls = []uint32{
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL,
	unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP, unix.SYS_SEMCTL,
	unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL,
	unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
}

// shmgetCalls make segments of shared memory.
var shmgetCalls = []uint32{unix.SYS_SHMGET}
