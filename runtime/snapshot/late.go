package snapshot

import (
	"path"
	"time"
)

// lateness tells what of a turn whose process was killed was changed after that: by
// the stamps of files, and where a file is missing by that of its directory. In
// doubt it was.
type lateness struct {
	t      *Tracker
	before *manifest // nil: there is no scan
	alive  int64     // when the turn was last seen, in nanoseconds; 0: it has not been killed
	dirs   map[string]entry
}

// mark marks the state after the turn of what is at name, nil for nothing.
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
		// From the directory something was taken away, or it came here as it is.
		if there && (gone || l.moved(dir, d)) && l.after(d.stamp) {
			return true
		}
		gone = gone && !there
		if dir == "." {
			return false
		}
	}
}

// dir is what is at the path of a directory now.
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

// moved tells whether another directory, or none, was there before the turn: what
// is in it can have older stamps.
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

// after tells whether a change that left this stamp can have come after the turn.
// Some file systems keep only whole seconds, at best.
func (l *lateness) after(s stamp) bool {
	at := max(s.ctime, s.mtime)
	if at%int64(time.Second) == 0 {
		at += int64(racy)
	}
	return at > l.alive
}
