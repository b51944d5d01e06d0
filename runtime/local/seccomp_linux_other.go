//go:build linux && !amd64 && !arm64

package local

// No filter can be made here, so neither sandbox can be had.
var (
	archDenied     []uint32
	ipcCalls       []uint32
	shmgetCalls    []uint32
	archOwnerCalls []ownerCall
)
