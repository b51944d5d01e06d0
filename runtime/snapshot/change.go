package snapshot

import (
	"cmp"
	"path"
	"slices"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
)

// Change is the change of one path. A directory has changes of its own, so that
// empty ones are restored too.
type Change struct {
	Path    Name   `json:"path"`
	Change  string `json:"change"`         // as in runtime.Change
	From    Name   `json:"from,omitempty"` // renamed: the old path
	Before  State  `json:"before"`         // renamed: the state of From; Path was absent
	After   State  `json:"after"`          // renamed: the state of Path; From is absent
	Added   int    `json:"added,omitempty"`
	Removed int    `json:"removed,omitempty"`
	Binary  bool   `json:"binary,omitempty"` // a side has a NUL byte, and so no lines
	Shared  string `json:"shared,omitempty"` // why it may not belong to this turn, and is not reverted
}

// Summary returns the change in the form for clients; ok is false for a change
// of a directory, which clients do not get.
func (c Change) Summary() (sum runtime.Change, ok bool) {
	if c.Before.Kind == Dir && c.After.Kind == Absent || c.After.Kind == Dir && c.Before.Kind == Absent ||
		c.Before.Kind == Dir && c.After.Kind == Dir {
		return runtime.Change{}, false
	}
	return runtime.Change{
		Path: string(c.Path), Change: c.Change, From: string(c.From),
		Added: c.Added, Removed: c.Removed,
		Protected: protect.Named(string(c.Path)) != "" || c.From != "" && protect.Named(string(c.From)) != "",
	}, true
}

// pair is the states of one path before and after; a rename is two pairs.
type pair struct {
	path          string
	before, after State
	shared        string // see Change.Shared
}

// pairs splits a change into pairs.
func (c Change) pairs() []pair {
	if c.Change != runtime.ChangeRenamed {
		return []pair{{string(c.Path), c.Before, c.After, c.Shared}}
	}
	absent := State{Kind: Absent}
	return []pair{{string(c.From), c.Before, absent, c.Shared}, {string(c.Path), absent, c.After, c.Shared}}
}

// join converts pairs to changes, sorted by path. A removed and a new file with
// the same content become a rename.
func join(pairs []pair) []Change {
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.path, b.path) })
	gone := make(map[Hash][]int)
	for i, p := range pairs {
		if p.after.Kind == Absent && p.before.renamable() {
			gone[p.before.Hash] = append(gone[p.before.Hash], i)
		}
	}
	from := make(map[int]int) // from the index of the new pair to that of the old one
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
			c.After.Uncovered = old.after.Uncovered // it is not known whether it was moved either
			c.Shared = cmp.Or(p.shared, old.shared)
		}
		changes = append(changes, c)
	}
	return changes
}

// renamable reports whether a file can be part of a rename. Empty files cannot,
// because they all have the same content.
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

// MaxSummaries is how many changes of a turn clients get; the record has all.
const MaxSummaries = 10_000

// Summaries returns at most MaxSummaries changes in the form for clients, and
// how many more there are.
func Summaries(changes []Change) (list []runtime.Change, more int) {
	list = []runtime.Change{}
	for _, c := range changes {
		switch sum, ok := c.Summary(); {
		case !ok:
		case len(list) < MaxSummaries:
			list = append(list, sum)
		default:
			more++
		}
	}
	return list, more
}
