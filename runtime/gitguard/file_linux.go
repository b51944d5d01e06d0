package gitguard

import (
	"io/fs"
	"syscall"
	"time"
)

// changed returns when a file was last changed in any way. No command can set
// that time.
func changed(info fs.FileInfo) time.Time {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.ModTime()
	}
	return time.Unix(st.Ctim.Unix())
}
