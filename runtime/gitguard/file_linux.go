package gitguard

import (
	"io/fs"
	"syscall"
	"time"
)

// changed is when a file was changed in any way: no command can set that.
func changed(info fs.FileInfo) time.Time {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.ModTime()
	}
	return time.Unix(st.Ctim.Unix())
}
