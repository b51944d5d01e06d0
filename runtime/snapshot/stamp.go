package snapshot

import (
	"io/fs"
	"time"

	"github.com/pygent/pygent/runtime/gitrepo"
)

// stamp is the part of a stat that shows a file's identity and content. Equal
// stamps mean the same content, unless they are racy.
type stamp struct {
	size, mtime, ctime int64 // bytes, nanoseconds of Unix time; ctime is 0 where there is none
	ino, dev           uint64
	uid, gid           uint32
}

// stampOf returns the stamp with the fields that the system has.
func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), mtime: info.ModTime().UnixNano()}
	s.fill(info)
	return s
}

// file returns the part of the stamp that git keeps too.
func (s stamp) file() gitrepo.File {
	return gitrepo.File{Size: s.size, MTime: s.mtime, CTime: s.ctime, Inode: s.ino}
}

// settled reports whether every change after the time read gives another stamp.
// Where there is a ctime only it counts, because nobody can set it.
func (s stamp) settled(read time.Time) bool {
	last := s.ctime
	if last == 0 {
		last = s.mtime
	}
	return last < read.Add(-racy).UnixNano()
}
