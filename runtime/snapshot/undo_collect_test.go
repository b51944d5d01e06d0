package snapshot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Once a day contents that neither a session's records nor the workspace need
// are removed from its store.
func TestUndoCollects(t *testing.T) {
	ws, err := runtime.OpenWorkspace(t.TempDir(), runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	dir, sessions := t.TempDir(), t.TempDir()
	undo := NewUndo(UndoOptions{Dir: dir, Records: func() ([]string, error) { return filepath.Glob(filepath.Join(sessions, "*", RecordsFile)) }})
	file := filepath.Join(ws.Dir(), "f")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	contents := func() (n int) {
		err := filepath.WalkDir(filepath.Join(dir), func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Base(filepath.Dir(filepath.Dir(name))) == "objects" {
				n++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	use := func(during func(s *Space)) {
		t.Helper()
		s, err := undo.Open(ws)
		if err != nil {
			t.Fatal(err)
		}
		during(s)
		if err := undo.Release(s); err != nil {
			t.Fatal(err)
		}
	}
	turn := func(s *Space, text string) []Change {
		u := s.Tracker.Begin(t.Context(), "", "t")
		if err := u.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		u.Commands()
		put(text)
		out, err := u.End(t.Context())
		if err = errors.Join(err, u.Forget()); err != nil {
			t.Fatal(err)
		}
		return out.Changes
	}
	put("one, forgotten\n")
	use(func(s *Space) {
		turn(s, "two, in the record\n")
		changes := turn(s, "three\n")
		if err := os.MkdirAll(filepath.Join(sessions, "s_1"), 0o700); err != nil {
			t.Fatal(err)
		}
		log, err := s.Log(filepath.Join(sessions, "s_1", RecordsFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Append(Record{ID: "t_1", Changes: changes}); err != nil {
			t.Fatal(err)
		}
	})
	if n := contents(); n != 3 {
		t.Fatalf("%d contents", n)
	}
	use(func(*Space) {})
	if n := contents(); n != 3 {
		t.Errorf("%d contents: it was cleared before a day was over", n)
	}
	past := time.Now().Add(-2 * collectEvery)
	marks, err := filepath.Glob(filepath.Join(dir, "*", "collected"))
	if err != nil || len(marks) != 1 {
		t.Fatal(marks, err)
	}
	if err := os.Chtimes(marks[0], past, past); err != nil {
		t.Fatal(err)
	}
	use(func(*Space) {})
	if n := contents(); n != 2 {
		t.Errorf("%d contents, want those of the record", n)
	}
}

// A month after its last use the store of a vanished workspace is removed.
func TestUndoSweeps(t *testing.T) {
	dir := t.TempDir()
	undo := NewUndo(UndoOptions{Dir: dir, Records: func() ([]string, error) { return nil, nil }})
	use := func(root string) (state string) {
		t.Helper()
		ws, err := runtime.OpenWorkspace(root, runtime.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		s, err := undo.Open(ws)
		if err != nil {
			t.Fatal(err)
		}
		if err := undo.Release(s); err != nil {
			t.Fatal(err)
		}
		if state, err = undo.state(ws); err != nil {
			t.Fatal(err)
		}
		return state
	}
	age := func(name string, by time.Duration) {
		t.Helper()
		at := time.Now().Add(-by)
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	there, gone := t.TempDir(), filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	state := use(gone)
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		unused, swept time.Duration
		stays         bool
	}{
		{vanishedStays - time.Hour, 2 * collectEvery, true},
		{vanishedStays + time.Hour, 0, true}, // this day's sweep is over
		{vanishedStays + time.Hour, 2 * collectEvery, false},
	} {
		age(filepath.Join(state, "users"), tt.unused)
		age(filepath.Join(dir, "swept"), tt.swept)
		use(there)
		if _, err := os.Stat(state); (err == nil) != tt.stays {
			t.Errorf("unused for %v, swept %v ago: %v", tt.unused, tt.swept, err)
		}
	}
}
