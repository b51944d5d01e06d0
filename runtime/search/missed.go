package search

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
)

// Missed says what a search did not look at.
type Missed struct {
	Problems []Problem // the first by path
	More     int       // further ones

	// What was found and not looked at when the time was over.
	Files, Dirs int
	TimedOut    bool
}

// Problem is a file or a directory that could not be read.
type Problem struct {
	Path string // a directory's ends with a slash
	Err  error
}

// missed collects problems. It is safe for concurrent use.
type missed struct {
	mu       sync.Mutex
	problems []Problem
	more     int
}

// add notes a problem, unless it is only that something has vanished.
func (m *missed) add(at string, err error) {
	if vanished(err) {
		return
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	var se *os.SyscallError
	if errors.As(err, &se) {
		err = se.Err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at = strings.TrimPrefix(at, "./")
	if len(at) > maxToldPath {
		at = at[:maxToldPath] + ellipsis
	}
	m.problems = append(m.problems, Problem{at, err})
	slices.SortFunc(m.problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	if len(m.problems) > maxTold {
		m.problems = m.problems[:maxTold]
		m.more++
	}
}

// result returns what a walk missed.
func (w *walk) result() Missed {
	w.missed.mu.Lock()
	defer w.missed.mu.Unlock()
	m := Missed{Problems: w.missed.problems, More: w.missed.more, Files: int(w.unvisited.Load()), Dirs: int(w.unlisted.Load())}
	m.TimedOut = m.Files+m.Dirs > 0
	return m
}
