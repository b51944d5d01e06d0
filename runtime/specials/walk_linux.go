package specials

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/nearest"
	"github.com/pygent/pygent/runtime/internal/nolink"
)

// file is a special file that was found.
type file struct {
	identity
	kind string
	uid  uint32
	dir  int // its directory, open while the file is reported
	name string
}

// live returns false for a socket that nobody serves.
func (f file) live() bool {
	if f.kind != Socket {
		return true
	}
	fd, err := unix.Openat(f.dir, f.name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return !errors.Is(err, unix.ENOENT)
	}
	defer func() { _ = unix.Close(fd) }()
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return true
	}
	defer func() { _ = unix.Close(s) }()
	// No server is disturbed: for a server of another type than datagram the
	// kernel answers that the type is wrong.
	err = unix.Connect(s, &unix.SockaddrUnix{Name: "/proc/self/fd/" + strconv.Itoa(fd)})
	return !errors.Is(err, unix.ECONNREFUSED)
}

// walk reports special files below the place, with their paths for commands. It
// goes level by level, and returns the first directory that it did not read, or
// "".
func (p place) walk(report func(path string, f file)) (unseen string) {
	base, err := unix.Open(p.real, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "."
	}
	defer func() { _ = unix.Close(base) }()
	buf := make([]byte, 64<<10)
	dirs, entries := nearest.Queue[string]{Most: maxDirs}, 0
	dirs.Push(".", false)
	for {
		at, more, full := dirs.Next()
		switch {
		case !more:
			return unseen
		case full || entries > maxEntries:
			return at
		}
		l := listing{at: at, buf: buf, room: dirs.Room()}
		complete := l.read(base, func(f file) { report(filepath.Join(p.at, filepath.FromSlash(path.Join(at, f.name))), f) })
		if entries += l.entries; !complete && unseen == "" {
			unseen = at
		}
		slices.Sort(l.dirs)
		for _, name := range l.dirs {
			late := nearest.Late(at, name) || name == gitObjects || path.Base(at) == gitObjects
			dirs.Push(path.Join(at, name), late)
		}
	}
}

// gitObjects is a directory of git with many directories and no special files.
const gitObjects = "objects"

// listing is the reading of one directory.
type listing struct {
	at      string
	buf     []byte
	room    int // how many more directories fit
	dirs    []string
	entries int
}

// read lists the directory; false if the list is incomplete. A directory that
// is gone or may not be read counts as empty.
func (l *listing) read(base int, report func(file)) (complete bool) {
	fd, err := nolink.OpenBelow(base, l.at)
	if err != nil {
		return nolink.IsGone(err) || errors.Is(err, unix.EACCES)
	}
	defer func() { _ = unix.Close(fd) }()
	complete = true
	for l.entries <= maxEntries {
		n, err := unix.Getdents(fd, l.buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n <= 0 || err != nil {
			return complete && err == nil
		}
		complete = l.take(fd, l.buf[:n], report) && complete
	}
	return false
}

// take parses the result of getdents64(2); false if there was no room for a
// directory.
func (l *listing) take(fd int, entries []byte, report func(file)) (complete bool) {
	const length, kind, name = 16, 18, 19 // of struct linux_dirent64
	complete = true
	for len(entries) > name {
		size := min(int(binary.NativeEndian.Uint16(entries[length:])), len(entries))
		e := entries[:size]
		entries = entries[size:]
		l.entries++
		typ := e[kind]
		text, _, _ := bytes.Cut(e[name:], []byte{0})
		var st unix.Stat_t
		switch typ {
		case unix.DT_REG, unix.DT_LNK:
			continue
		case unix.DT_DIR:
		default: // also where the file system does not report types
			if unix.Fstatat(fd, string(text), &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
				continue
			}
		}
		switch {
		case string(text) == "." || string(text) == "..":
		case typ == unix.DT_DIR || st.Mode&unix.S_IFMT == unix.S_IFDIR:
			if len(l.dirs) >= l.room {
				complete = false
				continue
			}
			l.dirs = append(l.dirs, string(text))
		default:
			if kind := kindOf(st.Mode); kind != "" {
				id := identity{inode{st.Dev, st.Ino}, uint64(st.Ctim.Nano())}
				report(file{id, kind, st.Uid, fd, string(text)})
			}
		}
	}
	return complete
}

func kindOf(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		return Socket
	case unix.S_IFIFO:
		return FIFO
	case unix.S_IFCHR, unix.S_IFBLK:
		return Device
	}
	return ""
}
