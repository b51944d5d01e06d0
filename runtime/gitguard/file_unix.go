//go:build unix

package gitguard

import (
	"io/fs"
	"os"
	"syscall"
)

// links returns how many names a file has.
func links(info fs.FileInfo) uint64 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1
	}
	return uint64(st.Nlink) //nolint:unconvert // not on all machines
}

// giveTo gives a file the owner of another one, if this process may do that.
func giveTo(r *os.Root, name string, like fs.FileInfo) {
	if st, ok := like.Sys().(*syscall.Stat_t); ok {
		_ = r.Lchown(name, int(st.Uid), int(st.Gid))
	}
}

// isProgram reports whether git would run a file as a hook.
func isProgram(info fs.FileInfo) bool { return info.Mode().Perm()&0o111 != 0 }
