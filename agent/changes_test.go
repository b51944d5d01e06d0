package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestMergeTellsWhatTheTurnDidInAll(t *testing.T) {
	c := func(change string, added, removed int) runtime.Change {
		return runtime.Change{Path: "f", Change: change, Added: added, Removed: removed}
	}
	const add, mod, del = runtime.ChangeAdded, runtime.ChangeModified, runtime.ChangeDeleted
	tests := []struct {
		name  string
		steps []runtime.Change
		want  []runtime.Change
	}{
		{"modified twice", []runtime.Change{c(mod, 1, 2), c(mod, 3, 4)}, []runtime.Change{c(mod, 4, 6)}},
		{"added, then modified", []runtime.Change{c(add, 10, 0), c(mod, 2, 3)}, []runtime.Change{c(add, 9, 0)}},
		{"added, then deleted", []runtime.Change{c(add, 10, 0), c(del, 0, 10)}, []runtime.Change{}},
		{"modified, then deleted", []runtime.Change{c(mod, 1, 0), c(del, 0, 5)}, []runtime.Change{c(del, 1, 5)}},
		{"deleted, then made again", []runtime.Change{c(del, 0, 5), c(add, 6, 0)}, []runtime.Change{c(mod, 6, 5)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			other := runtime.Change{Path: "other", Change: add, Added: 1}
			list := []runtime.Change{other}
			for _, s := range tt.steps {
				list = merge(list, s)
			}
			if diff := cmp.Diff(append([]runtime.Change{other}, tt.want...), list); diff != "" {
				t.Error(diff)
			}
		})
	}
}
