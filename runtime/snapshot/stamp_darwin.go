package snapshot

import (
	"io/fs"
	"syscall"
)

func (s *stamp) fill(info fs.FileInfo) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.ctime = syscall.TimespecToNsec(st.Ctimespec)
		s.ino, s.dev = st.Ino, uint64(st.Dev)
		s.uid, s.gid = st.Uid, st.Gid
	}
}

// linked reports whether the file has further names.
func linked(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink > 1
}
