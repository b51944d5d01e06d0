package gitguard

import (
	"io/fs"
	"time"

	"github.com/pygent/pygent/runtime/gitrepo"
)

// A stamp changes when its file changes. The zero value is the stamp of no
// file.
type stamp struct {
	device, inode uint64
	changed       int64 // nanoseconds since 1970
	size          int64
	mode          fs.FileMode
}

// fileID distinguishes files that exist at the same time. The zero value means
// no file, or unknown.
type fileID struct{ device, inode uint64 }

func (s stamp) id() fileID { return fileID{s.device, s.inode} }

// clockTick is longer than the resolution of file systems' times.
const clockTick = 50 * time.Millisecond

// settled reports whether a change after now certainly gives another stamp.
func (s stamp) settled(now time.Time) bool { return s.changed < now.Add(-clockTick).UnixNano() }

// workspace is an open workspace, for fast searches.
type workspace struct {
	dir string
	opened
}

// stamp returns the stamp of the file at a path. Directories in the path may be
// links by now: open a path by enter or openDir before reading.
func (w workspace) stamp(rel string) stamp {
	s, _ := w.lookAt(rel)
	return s
}

// leads returns where a .git leads that is a file or a link.
func (w workspace) leads(at string) gitrepo.Pointer { return gitrepo.ReadPointer(w.root, w.dir, at) }
