//go:build unix

package runtime

import (
	"io/fs"
	"os"
	"syscall"
)

// slashed turns the target of a link into the workspace's form.
func slashed(target string) string { return target }

// keepOwner gives f the owner of the file that it is to replace: a server that
// runs as root must not take a user's files away. Only root can do that, so
// that a failure is ignored.
func keepOwner(f *os.File, old fs.FileInfo) {
	if st, ok := old.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		_ = f.Chown(int(st.Uid), int(st.Gid))
	}
}
