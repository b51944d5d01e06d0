//go:build unix && !linux

package gitguard

import (
	"io/fs"
	"syscall"
)

// identity returns the numbers that distinguish files.
func identity(info fs.FileInfo) (device, inode uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(st.Dev), uint64(st.Ino) //nolint:unconvert // not on all machines
}
