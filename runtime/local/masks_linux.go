package local

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/netproxy"
	"github.com/pygent/pygent/runtime/specials"
)

// masked are the sockets, FIFOs and devices that a sandbox masks. The zero
// value masks nothing; levels below strong cannot mask.
type masked struct {
	found  *specials.Guard
	dir    string   // the workspace
	given  []string // sockets that the user has named
	shared bool     // commands are in the host's network namespace, and so are their sockets
}

// findMasked searches the directories that commands may write to. It leaves out
// a socket that the user names itself.
func (e *Executor) findMasked(level string) masked {
	if level != runtime.SandboxStrong {
		return masked{}
	}
	dir := e.ws.Dir()
	given := slices.DeleteFunc(existing(e.opts.ReadPaths), func(path string) bool { return !specials.IsSocket(path) })
	found := specials.Search(append([]string{dir}, e.opts.WritePaths...), given)
	return masked{found, dir, given, e.opts.Network.Full}
}

// complete adds the sockets, FIFOs and devices in directories that commands may
// only read, and puts all into the spec.
func (m masked) complete(s *spec) {
	if m.found == nil {
		return
	}
	m.found.Watch(s.View.Read...)
	s.Masks, s.Sockets = m.found.Parts, m.given
	if s.NetDir != "" {
		s.Sockets = append(s.Sockets, netproxy.InsideDir)
	}
}

func (m masked) notices() []string {
	if m.found == nil {
		return nil
	}
	return m.found.Notices
}

// stale reports whether programs on the host serve sockets, or have FIFOs open,
// that are not masked. No command may be running.
func (m masked) stale() bool { return len(m.found.Fresh()) > 0 || m.found.Opened() }

// afterwards returns notices about these sockets after a command. Other
// commands may be running.
func (m masked) afterwards() []string {
	if m.shared {
		return nil
	}
	if fresh := m.found.Fresh(); len(fresh) > 0 {
		return []string{specials.Reachable(m.dir, fresh)}
	}
	return nil
}

// masks makes the files that are mounted over sockets, FIFOs and devices: they
// have the same type, so that tools see no difference, but nobody at the other
// end. A device is masked by a socket. They are made in the new root, which is
// a file system in memory.
func (s *spec) masks(root int) ([]mount, error) {
	mounts := make([]mount, 0, len(s.Masks))
	for i, part := range s.Masks {
		name, kind := maskName(i), uint32(unix.S_IFSOCK)
		if part.Kind == specials.FIFO {
			kind = unix.S_IFIFO
		}
		if err := unix.Mknodat(root, name, kind|0o600, 0); err != nil {
			return nil, fmt.Errorf("make a mask for %s: %w", part.Path, err)
		}
		m, err := cloneFrom(root, name, 0, part.Path, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
		if err != nil {
			return nil, fmt.Errorf("take a mask for %s: %w", part.Path, err)
		}
		m.mask = true
		mounts = append(mounts, m)
	}
	return mounts, nil
}

func maskName(i int) string { return ".masked-" + strconv.Itoa(i) }

// unname removes the names of masks, which are mounted by then.
func (s *spec) unname(root int) error {
	for i := range s.Masks {
		if err := unix.Unlinkat(root, maskName(i), 0); err != nil {
			return fmt.Errorf("remove the name of a mask: %w", err)
		}
	}
	return nil
}

// attachMask is attach for a target that must exist: the host may have removed
// or replaced the file since it was found, and then there is nothing to mask.
func (m mount) attachMask(root int) error {
	target, err := unix.Openat2(root, strings.TrimPrefix(m.at, "/"), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		return nil
	case err != nil:
		return err
	}
	defer func() { _ = unix.Close(target) }()
	var st unix.Stat_t
	if err := unix.Fstat(target, &st); err != nil {
		return err
	}
	if kind := st.Mode & unix.S_IFMT; kind == unix.S_IFREG || kind == unix.S_IFDIR {
		return nil
	}
	return unix.MoveMount(m.fd, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}
