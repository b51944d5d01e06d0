package local

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/gitguard"
)

// unguardedYet is the notice while running commands prevent renewing the guard.
const unguardedYet = "files that git on the host would run have changed; they are guarded anew once no other command or job runs here, and until then commands can change them"

// gitPart is what the child mounts onto itself.
type gitPart struct {
	Path     string // relative to the workspace
	From     string // its path on the host, also relative
	ReadOnly bool
	Dir      bool
}

// gitParts returns the guarded parts for the child, in the order of mounting.
func gitParts(g gitguard.Guard) []gitPart {
	parts := make([]gitPart, len(g.Parts))
	for i, p := range g.Parts {
		parts[i] = gitPart{p.Path, p.Source(), p.ReadOnly, p.Dir}
	}
	return parts
}

// gitGuards clones the guarded parts, to be mounted onto themselves. A part
// that the host has replaced since Prepare is guarded as it is now; the next
// command finds that out.
func (s *spec) gitGuards() ([]mount, error) {
	root, err := unix.Open(s.Workspace, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(root) }()
	mounts := make([]mount, 0, len(s.Git))
	for _, part := range s.Git {
		m, err := guard(root, part, filepath.Join(s.Workspace, part.Path))
		if err != nil {
			return nil, fmt.Errorf("protect %s: %w", filepath.Join(s.Workspace, part.Path), err)
		}
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// guard clones one part, without following any link: a command of an earlier
// supervisor may have made one.
func guard(root int, part gitPart, at string) (mount, error) {
	fd, err := unix.Openat2(root, part.From, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return mount{}, err
	}
	defer func() { _ = unix.Close(fd) }()
	attrs := uint64(unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV)
	if part.ReadOnly {
		attrs |= unix.MOUNT_ATTR_RDONLY
	}
	m, err := cloneFrom(fd, "", unix.AT_EMPTY_PATH, at, attrs)
	if err == nil && m.file == part.Dir {
		err = errors.New("it was replaced just now; try again")
	}
	return m, err
}
