//go:build linux && !amd64 && !arm64

package local

// No filter can be made here, so neither sandbox is available.
var (
	ipcCalls       []uint32
	shmgetCalls    []uint32
	archOwnerCalls []ownerCall
)
