package backendtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/runtime"
)

// files writes files to the workspace of the session that delegates.
func (b *bench) files(names ...string) {
	b.t.Helper()
	for _, name := range names {
		if _, _, err := b.parent.Runtime.WriteFile(name, name); err != nil {
			b.t.Fatal(err)
		}
	}
}

// A task gets copies of the named files only. The report names what cannot be
// copied from a directory.
func prepareCopies(t *testing.T, open Open) {
	b := set(t, open, agenttest.Script(write("a.txt", "changed"), agenttest.Text("done")))
	b.files("a.txt", "dir/b.txt", "other.txt")
	if err := os.Symlink(t.TempDir(), filepath.Join(b.parent.Runtime.Workspace().Dir(), "dir", "outside")); err != nil {
		t.Fatal(err)
	}
	a := b.assignment("copies", "go", "a.txt", "dir")
	report := b.prepare(a)
	if len(report.Skipped) != 1 || report.Skipped[0].Path != "dir/outside" || report.Skipped[0].Reason == "" {
		t.Errorf("skipped: %+v", report.Skipped)
	}
	b.wantFile(a.TaskID, "a.txt", "a.txt")
	b.wantFile(a.TaskID, "dir/b.txt", "dir/b.txt")
	b.wantFile(a.TaskID, "other.txt", "")
	b.finish(a)
	b.wantFile(a.TaskID, "a.txt", "changed")
	if got, _, _, err := b.parent.Runtime.ReadFile("a.txt", false); got != "a.txt" || err != nil {
		t.Errorf("the original: %q, %v", got, err)
	}
}

// A file that cannot be copied is refused by name, and nothing is left. The same
// holds for a Prepare that is cancelled, or that has no workspace.
func prepareRefuses(t *testing.T, open Open) {
	b := set(t, open, agenttest.Script())
	b.files("a.txt")
	from := b.parent.Runtime.Workspace()
	var invalid *runtime.InvalidError
	a := b.assignment("missing", "go", "a.txt", "missing.txt")
	if _, err := b.Prepare(t.Context(), a, from); !errors.As(err, &invalid) || invalid.Field != "files[1]" {
		t.Errorf("a missing file: %v", err)
	}
	b.wantNoWorkspace(a.TaskID)

	a = b.assignment("outside", "go", "../a.txt")
	if _, err := b.Prepare(t.Context(), a, from); !errors.Is(err, runtime.ErrOutside) {
		t.Errorf("a file outside: %v", err)
	}
	b.wantNoWorkspace(a.TaskID)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a = b.assignment("ended", "go", "a.txt")
	if _, err := b.Prepare(ctx, a, from); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	b.wantNoWorkspace(a.TaskID)

	b.breakRuntimes(errors.New("no place"))
	a = b.assignment("broken", "go")
	if _, err := b.Prepare(t.Context(), a, from); err == nil {
		t.Error("a task without a workspace was prepared")
	}
	b.wantNoWorkspace(a.TaskID)
	b.wantLeft(0)
}
