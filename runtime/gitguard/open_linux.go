package gitguard

import (
	"os"

	"golang.org/x/sys/unix"
)

// openDir opens a directory below base, which root is too, without following any
// link: by one call where the kernel and a seccomp filter around us have it. name
// is its path on the host.
func openDir(base *os.File, root *os.Root, rel, name string) (*os.File, error) {
	fd, err := unix.Openat2(int(base.Fd()), rel, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	if err == nil {
		return os.NewFile(uintptr(fd), name), nil
	}
	return openByNames(root, rel)
}
