//go:build linux && !amd64 && !arm64

package local

// No filter is known here, so neither sandbox can be had.
const (
	auditName = ""
	auditArch = 0
)

var (
	archFilter    filter
	archDenied    []uint32
	archModeCalls []modeCall
	ipcCalls      []uint32
	shmgetCalls   []uint32

	archOwnerCalls []ownerCall
)
