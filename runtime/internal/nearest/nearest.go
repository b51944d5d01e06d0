// Package nearest orders a bounded search of a workspace: the nearest directories
// first, and last those in large trees that rarely matter, such as node_modules.
package nearest

import (
	"path"
	"slices"
)

// Queue holds directories that were found and not yet searched.
type Queue[D any] struct {
	Most int // bound of the search

	first, last []D
	taken       int
}

// Push adds a directory. A late one comes after all others.
func (q *Queue[D]) Push(d D, late bool) {
	if late {
		q.last = append(q.last, d)
	} else {
		q.first = append(q.first, d)
	}
}

// Next removes a directory from the queue and returns it. more is false at the
// end; full says that this directory is beyond the bound.
func (q *Queue[D]) Next() (d D, more, full bool) {
	if len(q.first) == 0 {
		q.first, q.last = q.last, nil
	}
	if len(q.first) == 0 {
		return d, false, false
	}
	d = q.first[0]
	q.first = q.first[1:]
	q.taken++
	return d, true, q.taken > q.Most
}

// Room returns how many directories are worth a Push while the last one from
// Next is searched: all within the bound, and one more to name in a notice.
func (q *Queue[D]) Room() int { return max(0, q.Most+2-q.taken-len(q.first)-len(q.last)) }

// late lists trees that package managers and builds fill.
var late = []string{"node_modules", "target", "vendor", ".venv", "venv", "__pycache__", "site-packages", ".cache", "build", "dist"}

// Late reports whether the directory name in dir comes last.
func Late(dir, name string) bool {
	return slices.Contains(late, name) || dir != "." && slices.Contains(late, path.Base(dir))
}
