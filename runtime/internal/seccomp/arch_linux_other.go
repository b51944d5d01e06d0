//go:build linux && !amd64 && !arm64

package seccomp

const (
	known     = false
	auditArch = 0
)

var (
	archFilter    Filter
	archModeCalls []modeCall
	archDenied    []uint32
)
