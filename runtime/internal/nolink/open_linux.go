package nolink

import (
	"errors"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// OpenBelow opens a directory below base, to list it. Where one call cannot do
// that, because of an old kernel, a seccomp filter or a long path, it opens
// each directory of the path. Its errors are those of Dir.
func OpenBelow(base int, name string) (fd int, err error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	fd, err = unix.Openat2(base, name, &unix.OpenHow{Flags: flags, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS})
	if err == nil {
		return fd, nil
	}
	if !filepath.IsLocal(name) {
		return -1, unix.EXDEV
	}
	at := base
	for elem := range strings.SplitSeq(name, "/") {
		next, err := unix.Openat(at, elem, flags|unix.O_NOFOLLOW, 0)
		if at != base {
			_ = unix.Close(at)
		}
		if errors.Is(err, unix.ELOOP) {
			err = unix.ENOTDIR
		}
		if err != nil {
			return -1, err
		}
		at = next
	}
	return at, nil
}
