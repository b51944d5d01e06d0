package session_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
)

// TestChangesOfAPatch: the files of a patch are told once each, and undo has them as
// the tool told them.
func TestChangesOfAPatch(t *testing.T) {
	patch := `apply_patch <<'EOF'
*** Begin Patch
*** Update File: a
@@
-1
+one
*** Update File: b
*** Move to: d/b2
@@
 1
 2
 3
 4
-5
+five
*** Update File: c
*** Move to: c2
*** Add File: n/new
+x
*** Delete File: gone
*** End Patch
EOF`
	a, rec := undoAgent(t, nil, snapshot.NewUndo(snapshot.UndoOptions{}),
		agenttest.Calls("", write("w1", "a", "1\n"), write("w2", "b", "1\n2\n3\n4\n5\n"), write("w3", "gone", "g\n"), write("w4", "c", "the same\n")), agenttest.Text("made"),
		agenttest.Bash("p", patch), agenttest.Text("patched"))
	a.Run(t.Context(), "go", agent.Turn{})
	before := len(told(rec))
	out := a.Run(t.Context(), "on", agent.Turn{})
	want := []runtime.Change{
		{Path: "a", Change: "modified", Added: 1, Removed: 1},
		{Path: "b", Change: "deleted", Removed: 5},
		{Path: "c2", From: "c", Change: "renamed"},
		{Path: "d/b2", Change: "added", Added: 5},
		{Path: "gone", Change: "deleted", Removed: 1},
		{Path: "n/new", Change: "added", Added: 1},
	}
	if diff := cmp.Diff(want, out.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"modified a", "deleted b", "added d/b2", "renamed c2", "added n/new", "deleted gone"}, told(rec)[before:]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
