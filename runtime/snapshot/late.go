package snapshot

import (
	"path"
	"time"
)

// lateness finds which changes of a killed process's turn may have been made
// later: by the stamps of files, and for a missing file by that of its
// directory. In doubt a change counts as late.
type lateness struct {
	t      *Tracker
	before *manifest // nil: no scan
	alive  int64     // last heartbeat of the turn, in nanoseconds; 0: it has not been killed
	dirs   map[string]entry
}

// mark marks the state of name after the turn as uncovered if it is late. e is
// its entry, nil for none.
func (l *lateness) mark(name string, e *entry, s State) State {
	if l.alive != 0 && s.Uncovered == "" && l.late(name, e) {
		s.Uncovered = errLate.Error()
	}
	return s
}

func (l *lateness) late(name string, e *entry) bool {
	gone := e == nil || e.kind == Absent
	if !gone && l.after(e.stamp) {
		return true
	}
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		d := l.dir(dir)
		there := d.kind != Absent
		// The file was removed from the directory, or moved here in the
		// directory.
		if there && (gone || l.moved(dir, d)) && l.after(d.stamp) {
			return true
		}
		gone = gone && !there
		if dir == "." {
			return false
		}
	}
}

// dir returns the present entry at the path of a directory.
func (l *lateness) dir(name string) entry {
	d, known := l.dirs[name]
	if !known {
		d = entry{kind: Absent}
		if info, err := l.t.root.Lstat(name); err == nil {
			d = newEntry(name, info)
		}
		if l.dirs == nil {
			l.dirs = map[string]entry{}
		}
		l.dirs[name] = d
	}
	return d
}

// moved reports whether another directory, or none, was there before the turn:
// the files in a moved directory can have older stamps.
func (l *lateness) moved(name string, d entry) bool {
	if name == "." {
		return false
	}
	if l.before == nil {
		return true
	}
	was, _ := l.before.lookup(name)
	return was == nil || was.stamp.ino != d.stamp.ino || was.stamp.dev != d.stamp.dev
}

// after reports whether a change with this stamp may have been made after the
// turn. Some file systems keep only whole seconds, at best.
func (l *lateness) after(s stamp) bool {
	at := max(s.ctime, s.mtime)
	if at%int64(time.Second) == 0 {
		at += int64(racy)
	}
	return at > l.alive
}
