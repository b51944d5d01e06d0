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

	"github.com/pygent/pygent/runtime/netproxy"
)

// A mount is a tree that is attached nowhere yet, by its descriptor, and where it
// is to be attached in the new root.
type mount struct {
	at   string
	fd   int
	file bool // what is mounted is not a directory
}

// mount builds a root of its own for the commands, out of nothing: a file system
// in memory, into which only what they may see is bound. So there is no socket,
// device or secret of the host's that somebody forgot to mask. It then moves this
// process there and leaves the old root behind.
//
// All sources are taken before anything is attached, by the host's own paths:
// afterwards these could lead elsewhere, and what is not found is not guarded.
// Targets are reached without following any link: what lies in the private home
// and in the workspace is the commands' own doing.
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
	// Any directory will do: this hides it from nobody but us, who have what we need.
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
	// Parents before what lies in them.
	slices.SortStableFunc(mounts, func(a, b mount) int { return cmp.Compare(depth(a.at), depth(b.at)) })
	for _, m := range mounts {
		if err := m.attach(root); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	if err := furnish(root); err != nil {
		return err
	}
	return enter(root)
}

// depth sorts by the number of names in a path.
func depth(path string) int { return strings.Count(path, "/") }

// sources takes all that is to be seen.
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
	for _, path := range devices {
		errs = append(errs, add(path, path, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC, false))
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

// clone takes a file or a tree with all that is mounted in it.
func clone(at, from string, attrs uint64) (mount, error) {
	return cloneFrom(unix.AT_FDCWD, from, 0, at, attrs)
}

// cloneFrom is clone for what is at a path from a directory, or with AT_EMPTY_PATH
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

// newFS makes a file system that is attached nowhere yet.
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
	case "proc": // root's user could write to its sys, without any capability
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

// attach puts the mount into the root, at a path that is made as far as it is
// missing.
func (m mount) attach(root int) error {
	target, err := reach(root, m.at, m.file)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(target) }()
	return unix.MoveMount(m.fd, "", target, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}

// reach opens a path below root name by name. What is missing is made; a link or
// a file that stands in the way of a directory was put there by a command, and
// goes.
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

// furnish adds what programs expect to be somewhere.
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

// enter makes root the root of this process, read-only, and lets go of the old one.
func enter(root int) error {
	if err := unix.MountSetattr(root, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	// The old root comes to lie upon the new one, where it is taken away.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	return os.Chdir("/")
}
