package snapshot

import (
	"io/fs"
	"time"
)

// stamp is what a stat tells of a file's identity and content; two equal ones
// mean the same content, unless they are racy.
type stamp struct {
	size, mtime, ctime int64 // bytes, nanoseconds of Unix time; ctime is 0 where there is none
	ino, dev           uint64
	uid, gid           uint32
}

// stampOf fills in what the system tells.
func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), mtime: info.ModTime().UnixNano()}
	s.fill(info)
	return s
}

// settled reports whether every change after the moment read gives another
// stamp. Where there is a ctime it alone decides: nobody can set it back.
func (s stamp) settled(read time.Time) bool {
	last := s.ctime
	if last == 0 {
		last = s.mtime
	}
	return last < read.Add(-racy).UnixNano()
}
