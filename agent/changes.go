package agent

import (
	"slices"

	"github.com/pygent/pygent/runtime"
)

// merge adds c to the list of a turn's changes, one entry a path, so that the
// list shows the whole effect of the turn. Lines are summed: a line that changed
// twice counts twice.
func merge(list []runtime.Change, c runtime.Change) []runtime.Change {
	i := slices.IndexFunc(list, func(old runtime.Change) bool { return old.Path == c.Path })
	if i < 0 {
		return append(list, c)
	}
	old := &list[i]
	switch {
	case old.Change == runtime.ChangeAdded && c.Change == runtime.ChangeDeleted:
		return slices.Delete(list, i, i+1) // it did not exist before the turn
	case c.Change == runtime.ChangeDeleted:
		old.Change = runtime.ChangeDeleted
	case old.Change == runtime.ChangeDeleted:
		old.Change = runtime.ChangeModified // it exists again
	}
	old.Protected = old.Protected || c.Protected
	old.Added += c.Added
	old.Removed += c.Removed
	if old.Change == runtime.ChangeAdded {
		// Lines that the turn added and removed again are no change.
		old.Added, old.Removed = max(0, old.Added-old.Removed), 0
	}
	return list
}
