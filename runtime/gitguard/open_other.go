//go:build !linux

package gitguard

import (
	"io/fs"
	"os"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// opened is a directory.
type opened struct{ root *os.Root }

func openWorkspace(dir string) (w workspace, err error) {
	w.dir = dir
	w.root, err = os.OpenRoot(dir)
	return w, err
}

func (w workspace) close() { w.root.Close() }

// lookAt is Lstat.
func (w workspace) lookAt(rel string) (s stamp, there bool) {
	info, err := w.root.Lstat(rel)
	if err != nil {
		return stamp{}, false
	}
	return stampOf(info), true
}

// openDir opens a directory without following any link.
func (w workspace) openDir(rel string) (*os.File, error) {
	r, err := nolink.Dir(w.root, rel)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.Open(".")
}

// stampOfDir returns the stamp of an open directory.
func stampOfDir(f *os.File) stamp {
	info, err := f.Stat()
	if err != nil {
		return stamp{}
	}
	return stampOf(info)
}

func stampOf(info fs.FileInfo) stamp {
	s := stamp{changed: changed(info).UnixNano(), size: info.Size(), mode: info.Mode()}
	s.device, s.inode = identity(info)
	return s
}
