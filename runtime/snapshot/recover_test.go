//go:build unix

package snapshot

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// killed begins a turn, lets work change files and leaves the turn without an end,
// as a process does that is killed. What it returns is the next process.
func killed(t *testing.T, s *space, wait bool, work func(u *Turn)) *space {
	t.Helper()
	u := s.Begin(t.Context())
	if wait {
		if err := u.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.Keep("log", "t_1"); err != nil {
		t.Fatal(err)
	}
	work(u)
	u.kept.rest()
	next := &space{t: t, state: s.state}
	next.open(s.dir, Options{})
	t.Cleanup(func() { _, _ = u.End(context.Background()) })
	return next
}

// recovered is what Recover finds.
func (s *space) recovered() (list []Change) {
	s.t.Helper()
	err := s.Recover(s.t.Context(), "log", func(id string, changes []Change) error {
		if id != "t_1" || list != nil {
			s.t.Errorf("turn %s after %v", id, list)
		}
		list = changes
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// What a turn of a killed process did by commands is known, also in files that
// git has and in those whose stat could not tell yet, and is taken back.
func TestKilledTurnIsRecovered(t *testing.T) {
	for _, kind := range []string{"plain", "git index"} {
		t.Run(kind, func(t *testing.T) {
			s := newSpace(t, Options{})
			fillMany(s)
			if kind == "git index" {
				s.sh("git init -q; git add -A; git commit -qm x; touch -d '1 hour' .git/index")
			}
			before := s.tree()
			next := killed(t, s, true, func(*Turn) { s.sh(manyThings) })
			after := s.tree()
			changes := next.recovered()
			if len(changes) != 21 {
				t.Errorf("changes: %q", told(changes))
			}
			undo := next.revert(changes)
			noConflicts(t, undo)
			next.wantTree(before)
			noConflicts(t, next.revert(undo.Changes))
			next.wantTree(after)
			if list := next.recovered(); list != nil {
				t.Errorf("recovered again: %q", told(list))
			}
			if left, err := os.ReadDir(filepath.Join(next.state, keptDir)); err != nil || len(left) != 0 {
				t.Errorf("left in the store: %v, %v", left, err)
			}
		})
	}
}

// Where only tools had changed files, before the first scan was done, their
// pre-images are enough.
func TestKilledTurnWithoutScan(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("f", "one\n")
	s.scanning.Lock() // the scan does not come to its end
	var next *space
	func() {
		defer s.scanning.Unlock()
		next = killed(t, s, false, func(u *Turn) {
			for _, name := range []string{"f", "new/g"} {
				if err := u.PreImage(name); err != nil {
					t.Fatal(err)
				}
				if err := u.Keep("log", "t_1"); err != nil {
					t.Fatal(err)
				}
				s.write(name, "two\n")
			}
			s.write("by hand", "x\n")
		})
		changes := next.recovered()
		if diff := cmp.Diff([]string{"modified f +1-1", "added new/ +0-0", "added new/g +1-0"}, told(changes)); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		noConflicts(t, next.revert(changes))
	}()
	if data, err := os.ReadFile(next.path("f")); err != nil || string(data) != "one\n" {
		t.Errorf("f: %q, %v", data, err)
	}
}

// A file that was changed when the process was dead is a conflict, and stays. The
// turn of another session is left to that.
func TestChangesAfterTheKill(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("turn", "one\n")
	s.write("hand", "one\n")
	next := killed(t, s, true, func(*Turn) {
		s.write("turn", "two\n")
		s.write("hand", "two\n")
	})
	s.write("hand", "three\n")
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(s.path("hand"), later, later); err != nil {
		t.Fatal(err)
	}
	if err := next.Recover(t.Context(), "another log", func(string, []Change) error { t.Error("recovered"); return nil }); err != nil {
		t.Error(err)
	}
	undo := next.revert(next.recovered())
	want := []Conflict{{"hand", "what it became is not known: it was changed after the server had ended"}}
	if diff := cmp.Diff(want, undo.Conflicts); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"turn": "one\n", "hand": "three\n"} {
		if data, err := os.ReadFile(s.path(name)); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// Until it is recovered a turn's contents are not collected; when its session is
// gone they are, and so is the turn.
func TestCollectKeepsKilledTurns(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("f", "one\n")
	next := killed(t, s, true, func(*Turn) { s.write("f", "two\n") })
	if err := s.Close(); err != nil { // the dead hold no locks
		t.Fatal(err)
	}
	s.Tracker = nil
	if _, err := next.rescan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := next.Collect(t.Context(), []string{"log"}); err != nil || got.Shared || got.Removed != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := next.Collect(t.Context(), nil); err != nil || got.Removed != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if list := next.recovered(); list != nil {
		t.Errorf("recovered: %q", told(list))
	}
}
