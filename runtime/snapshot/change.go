package snapshot

import (
	"cmp"
	"path"
	"slices"

	"github.com/pygent/pygent/runtime"
)

// Change is what became of one path. A directory has changes of its own, so that
// empty ones come back too.
type Change struct {
	Path    Name   `json:"path"`
	Change  string `json:"change"`         // as in runtime.Change
	From    Name   `json:"from,omitempty"` // renamed: the old path
	Before  State  `json:"before"`         // renamed: what was at From; Path was absent
	After   State  `json:"after"`          // renamed: what is at Path; From is absent
	Added   int    `json:"added,omitempty"`
	Removed int    `json:"removed,omitempty"`
	Binary  bool   `json:"binary,omitempty"` // a side holds a NUL: it has no lines
	Shared  string `json:"shared,omitempty"` // why it may not be this turn's, and is not taken back
}

// Summary is the change as clients are told it; ok is false for one of a
// directory, which they are not.
func (c Change) Summary() (sum runtime.Change, ok bool) {
	if c.Before.Kind == Dir && c.After.Kind == Absent || c.After.Kind == Dir && c.Before.Kind == Absent ||
		c.Before.Kind == Dir && c.After.Kind == Dir {
		return runtime.Change{}, false
	}
	return runtime.Change{
		Path: string(c.Path), Change: c.Change, From: string(c.From),
		Added: c.Added, Removed: c.Removed,
	}, true
}

// pair is one path's states; a rename is two of them.
type pair struct {
	path          string
	before, after State
	shared        string // as Change.Shared
}

// pairs takes a change apart.
func (c Change) pairs() []pair {
	if c.Change != runtime.ChangeRenamed {
		return []pair{{string(c.Path), c.Before, c.After, c.Shared}}
	}
	absent := State{Kind: Absent}
	return []pair{{string(c.From), c.Before, absent, c.Shared}, {string(c.Path), absent, c.After, c.Shared}}
}

// join makes changes of pairs, sorted by path: those that took a file away and
// those that made one with the same content are renames.
func join(pairs []pair) []Change {
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.path, b.path) })
	gone := make(map[Hash][]int)
	for i, p := range pairs {
		if p.after.Kind == Absent && p.before.renamable() {
			gone[p.before.Hash] = append(gone[p.before.Hash], i)
		}
	}
	from := make(map[int]int) // by the place of the new one, that of the old
	taken := make(map[int]bool)
	for i, p := range pairs {
		if p.before.Kind != Absent || !p.after.renamable() {
			continue
		}
		if old, ok := pick(pairs, gone[p.after.Hash], taken, p.path); ok {
			from[i], taken[old] = old, true
		}
	}
	changes := make([]Change, 0, len(pairs))
	for i, p := range pairs {
		if taken[i] {
			continue
		}
		c := Change{Path: Name(p.path), Change: kindOfChange(p), Before: p.before, After: p.after, Shared: p.shared}
		if i, ok := from[i]; ok {
			old := pairs[i]
			c.Change, c.From, c.Before = runtime.ChangeRenamed, Name(old.path), old.before
			c.After.Uncovered = old.after.Uncovered // nor is it known whether it was moved
			c.Shared = cmp.Or(p.shared, old.shared)
		}
		changes = append(changes, c)
	}
	return changes
}

// renamable: of empty files nobody can tell which became which.
func (s State) renamable() bool {
	return s.Kind == File && s.Uncovered == "" && s.Size > 0
}

// pick chooses the first one with the same base name, else the first.
func pick(pairs []pair, from []int, taken map[int]bool, to string) (int, bool) {
	best, ok := 0, false
	for _, i := range from {
		switch {
		case taken[i]:
		case path.Base(pairs[i].path) == path.Base(to):
			return i, true
		case !ok:
			best, ok = i, true
		}
	}
	return best, ok
}

func kindOfChange(p pair) string {
	switch {
	case p.before.Kind == Absent:
		return runtime.ChangeAdded
	case p.after.Kind == Absent:
		return runtime.ChangeDeleted
	}
	return runtime.ChangeModified
}
