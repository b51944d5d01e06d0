package local

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/confine"
	"github.com/pygent/pygent/runtime/netproxy"
)

// A mount is the descriptor of a tree that is not attached yet, and its path in
// the new root.
type mount struct {
	at   string
	fd   int
	file bool // the tree is not a directory
	mask bool // it is mounted over a special file, if that still exists
}

// mount builds a new root for the commands: an empty file system in memory,
// with bind mounts of only what they may see. So no socket, device or secret of
// the host can be there because it was not masked. Then mount changes this
// process's root and detaches the old one.
//
// All sources are cloned before anything is attached, by the host's paths:
// later these could lead elsewhere, and a file that is not found would not be
// guarded. Targets are opened without following any link, because commands can
// have made links in the private home and in the workspace.
func (s *spec) mount() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	mounts, err := s.sources()
	if err != nil {
		return err
	}
	root, err := newFS("tmpfs", map[string]string{"mode": "755", "size": "1m"})
	if err != nil {
		return err
	}
	// Any directory works: this hides it from this process only, which has
	// opened all that it needs.
	if err := unix.MoveMount(root, "", unix.AT_FDCWD, "/tmp", unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("attach the new root: %w", err)
	}
	if err := unix.Fchdir(root); err != nil {
		return err
	}
	for _, l := range s.View.Links {
		if err := unix.Symlinkat(l.Target, root, strings.TrimPrefix(l.Name, "/")); err != nil {
			return fmt.Errorf("make the link %s: %w", l.Name, err)
		}
	}
	masks, err := s.masks(root)
	if err != nil {
		return err
	}
	mounts = append(mounts, masks...)
	// Parents before their children.
	slices.SortStableFunc(mounts, func(a, b mount) int { return cmp.Compare(depth(a.at), depth(b.at)) })
	for _, m := range mounts {
		if err := m.attach(root); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	if err := s.unname(root); err != nil {
		return err
	}
	if err := furnish(root); err != nil {
		return err
	}
	return enter(root)
}

// depth returns the number of names in a path.
func depth(path string) int { return strings.Count(path, "/") }

// sources clones all that commands may see.
func (s *spec) sources() ([]mount, error) {
	var mounts []mount
	add := func(at, from string, attrs uint64, optional bool) error {
		m, err := clone(at, from, attrs)
		if err != nil && optional && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("take %s: %w", from, err)
		}
		mounts = append(mounts, m)
		return nil
	}
	const ro, rw = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV, unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	var errs []error
	for _, path := range s.View.Read {
		errs = append(errs, add(path, path, ro, true))
	}
	// A device can be written on a read-only mount, which only protects its
	// mode, owner and times: root could change the host's.
	const device = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC
	for _, path := range confine.Devices {
		errs = append(errs, add(path, path, device, false))
	}
	workspace := uint64(rw)
	if s.ReadOnly {
		workspace = ro
	}
	errs = append(errs, add(s.View.Home, s.HomeDir, rw, false), add(s.Workspace, s.Workspace, workspace, false))
	if s.NetDir != "" {
		errs = append(errs, add(netproxy.InsideDir, s.NetDir, ro|unix.MOUNT_ATTR_NOEXEC, false))
	}
	for _, path := range s.Write {
		errs = append(errs, add(path, path, rw, false))
	}
	for _, hidden := range s.View.Hide {
		if !hidden.Dir {
			errs = append(errs, add(hidden.Path, os.DevNull, ro, false)) // nodev: it cannot be opened
			continue
		}
		fd, err := newFS("tmpfs", map[string]string{"mode": "0", "size": "4k"})
		errs = append(errs, err)
		mounts = append(mounts, mount{at: hidden.Path, fd: fd})
	}
	size := strconv.FormatInt(s.TmpBytes, 10)
	for _, fs := range []struct {
		at, kind string
		options  map[string]string
	}{
		{"/proc", "proc", nil},
		{"/tmp", "tmpfs", map[string]string{"mode": "1777", "size": size}},
		{"/dev/shm", "tmpfs", map[string]string{"mode": "1777", "size": size}},
		{"/dev/pts", "devpts", map[string]string{"newinstance": "", "ptmxmode": "0666", "mode": "0600"}},
	} {
		fd, err := newFS(fs.kind, fs.options)
		errs = append(errs, err)
		mounts = append(mounts, mount{at: fs.at, fd: fd})
	}
	guards, err := s.gitGuards()
	return append(mounts, guards...), errors.Join(append(errs, err)...)
}

// clone clones a file or a tree with all mounts in it.
func clone(at, from string, attrs uint64) (mount, error) {
	return cloneFrom(unix.AT_FDCWD, from, 0, at, attrs)
}

// cloneFrom is clone for a path relative to a directory, or with AT_EMPTY_PATH
// for an open file itself.
func cloneFrom(dir int, from string, flags uint, at string, attrs uint64) (mount, error) {
	fd, err := unix.OpenTree(dir, from, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|flags)
	if err != nil {
		return mount{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return mount{}, err
	}
	err = unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: attrs})
	return mount{at: at, fd: fd, file: st.Mode&unix.S_IFMT != unix.S_IFDIR}, err
}

// newFS makes a file system that is not attached yet.
func newFS(kind string, options map[string]string) (int, error) {
	fs, err := unix.Fsopen(kind, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("new %s: %w", kind, err)
	}
	defer func() { _ = unix.Close(fs) }()
	for key, value := range options {
		if value == "" {
			err = unix.FsconfigSetFlag(fs, key)
		} else {
			err = unix.FsconfigSetString(fs, key, value)
		}
		if err != nil {
			return -1, fmt.Errorf("new %s with %s=%s: %w", kind, key, value, err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, fmt.Errorf("new %s: %w", kind, err)
	}
	attrs := unix.MOUNT_ATTR_NOSUID
	switch kind {
	case "devpts":
	case "proc": // root could write to /proc/sys without any capability
		attrs |= unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_RDONLY
	default:
		attrs |= unix.MOUNT_ATTR_NODEV
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attrs)
	if err != nil {
		return -1, fmt.Errorf("mount a new %s: %w", kind, err)
	}
	return fd, nil
}

// attach attaches the mount to the root. It makes missing parts of the path.
func (m mount) attach(root int) error {
	if m.mask {
		return m.attachMask(root)
	}
	target, err := reach(root, m.at, m.file)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(target) }()
	return unix.MoveMount(m.fd, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}

// reach opens a path below root name by name. It makes missing parts. It
// removes a link or a file in the place of a directory, which a command has
// made.
func reach(root int, path string, file bool) (int, error) {
	dir, err := unix.Openat(root, ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	names := strings.Split(strings.Trim(filepath.Clean(path), "/"), "/")
	for i, name := range names {
		next, err := descend(dir, name, file && i == len(names)-1)
		_ = unix.Close(dir)
		if err != nil {
			return -1, fmt.Errorf("at %s: %w", strings.Join(names[:i+1], "/"), err)
		}
		dir = next
	}
	return dir, nil
}

func descend(dir int, name string, file bool) (int, error) {
	for range 3 {
		var st unix.Stat_t
		err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
		kind := st.Mode & unix.S_IFMT
		switch {
		case errors.Is(err, unix.ENOENT) && file:
			var fd int
			if fd, err = unix.Openat(dir, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o600); err == nil {
				_ = unix.Close(fd)
			}
		case errors.Is(err, unix.ENOENT):
			err = unix.Mkdirat(dir, name, 0o755)
		case err != nil:
		case file && kind != unix.S_IFDIR && kind != unix.S_IFLNK, !file && kind == unix.S_IFDIR:
			flags := unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
			if !file {
				flags |= unix.O_DIRECTORY
			}
			return unix.Openat(dir, name, flags, 0)
		case kind == unix.S_IFDIR:
			err = unix.EISDIR
		default:
			err = unix.Unlinkat(dir, name, 0)
		}
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return -1, err
		}
	}
	return -1, unix.EBUSY
}

// furnish adds directories and links that programs expect.
func furnish(root int) error {
	for _, dir := range []string{"run", "var", "sys"} {
		if err := unix.Mkdirat(root, dir, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("make /%s: %w", dir, err)
		}
	}
	for name, target := range map[string]string{
		"dev/ptmx": "pts/ptmx", "dev/fd": "/proc/self/fd", "dev/stdin": "/proc/self/fd/0", "dev/stdout": "/proc/self/fd/1",
		"dev/stderr": "/proc/self/fd/2", "var/run": "../run", "var/tmp": "../tmp",
	} {
		if err := unix.Symlinkat(target, root, name); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("make the link /%s: %w", name, err)
		}
	}
	return nil
}

// enter makes root the root of this process, read-only, and detaches the old
// one.
func enter(root int) error {
	if err := unix.MountSetattr(root, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	// The old root is mounted over the new one and then unmounted.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	return os.Chdir("/")
}
