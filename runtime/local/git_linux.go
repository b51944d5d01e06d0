package local

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
)

// unguardedYet is told while commands run that keep the guards from being renewed.
const unguardedYet = "what git on the host would run has changed; it is guarded anew once no other command or job runs here, and until then commands can change it"

// gitPart is what the child mounts onto itself.
type gitPart struct {
	Path     string // relative to the workspace
	ReadOnly bool
	Dir      bool
}

// guardGit finds what git on the host would run, as far as a level can do anything
// about it: medium can only undo, and at level none there is nothing to be kept.
func guardGit(workspace, level string) (gitguard.Guard, error) {
	switch level {
	case runtime.SandboxStrong:
		return gitguard.Prepare(workspace)
	case runtime.SandboxMedium:
		g, _ := gitguard.Look(workspace) // a link in it is as unguarded as the rest
		return g, nil
	}
	return gitguard.Guard{}, nil
}

// gitParts are for the child, in the order in which they are to be mounted.
func gitParts(g gitguard.Guard) []gitPart {
	parts := make([]gitPart, len(g.Parts))
	for i, p := range g.Parts {
		parts[i] = gitPart{p.Path, p.ReadOnly, p.Dir}
	}
	return parts
}

// gitGuards takes what is to be guarded, to be mounted onto itself. What the host
// has replaced since it looked is guarded as it is now, and noticed before the
// next command.
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

// guard takes one part, without following any link: a command of an earlier
// supervisor may have put it there.
func guard(root int, part gitPart, at string) (mount, error) {
	fd, err := unix.Openat2(root, part.Path, &unix.OpenHow{
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
