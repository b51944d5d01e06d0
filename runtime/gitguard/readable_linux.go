package gitguard

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// makeReadable lets the owner list their directory. It changes the directory
// that it has opened, without following any link.
func (w workspace) makeReadable(rel string) error {
	fd, err := unix.Openat2(int(w.base.Fd()), rel, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return makeReadableByNames(w.root, rel)
	}
	defer unix.Close(fd) //nolint:errcheck // it was opened by name only
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if int(st.Uid) != os.Geteuid() {
		return os.ErrPermission
	}
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), st.Mode&0o7777|0o500)
}
