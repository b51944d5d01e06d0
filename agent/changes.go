package agent

import (
	"slices"

	"github.com/pygent/pygent/runtime"
)

// merge adds c to the list of a turn's changes, one entry a path, so that the
// list tells what the turn did in all. Lines are summed: one that was changed
// twice counts twice.
func merge(list []runtime.Change, c runtime.Change) []runtime.Change {
	i := slices.IndexFunc(list, func(old runtime.Change) bool { return old.Path == c.Path })
	if i < 0 {
		return append(list, c)
	}
	old := &list[i]
	switch {
	case old.Change == runtime.ChangeAdded && c.Change == runtime.ChangeDeleted:
		return slices.Delete(list, i, i+1) // it never was there
	case c.Change == runtime.ChangeDeleted:
		old.Change = runtime.ChangeDeleted
	case old.Change == runtime.ChangeDeleted:
		old.Change = runtime.ChangeModified // it is there again
	}
	old.Added += c.Added
	old.Removed += c.Removed
	if old.Change == runtime.ChangeAdded {
		// Lines that the turn itself wrote and took away again never were there.
		old.Added, old.Removed = max(0, old.Added-old.Removed), 0
	}
	return list
}
