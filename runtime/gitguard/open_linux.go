package gitguard

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// opened is a directory that is open twice: a Root walks each path name by
// name, which is slow.
type opened struct {
	root *os.Root
	base *os.File
}

func openWorkspace(dir string) (w workspace, err error) {
	w.dir = dir
	if w.root, err = os.OpenRoot(dir); err != nil {
		return w, err
	}
	if w.base, err = w.root.Open("."); err != nil {
		w.root.Close()
	}
	return w, err
}

func (w workspace) close() {
	w.base.Close()
	w.root.Close()
}

// lookAt is Lstat by one system call.
func (w workspace) lookAt(rel string) (s stamp, there bool) {
	var st unix.Stat_t
	if unix.Fstatat(int(w.base.Fd()), filepath.FromSlash(rel), &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return stamp{}, false
	}
	s = stamp{device: st.Dev, inode: st.Ino, changed: st.Ctim.Nano(), size: st.Size, mode: fs.FileMode(st.Mode & 0o7777)}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		s.mode |= fs.ModeDir
	case unix.S_IFLNK:
		s.mode |= fs.ModeSymlink
	default:
		s.mode |= fs.ModeIrregular
	}
	return s, true
}

// openDir opens a directory without following any link.
func (w workspace) openDir(rel string) (*os.File, error) {
	fd, err := nolink.OpenBelow(int(w.base.Fd()), rel)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: rel, Err: err}
	}
	return os.NewFile(uintptr(fd), filepath.Join(w.dir, filepath.FromSlash(rel))), nil
}

// stampOfDir returns the stamp of an open directory.
func stampOfDir(f *os.File) stamp {
	w := workspace{opened: opened{base: f}}
	return w.stamp(".")
}
