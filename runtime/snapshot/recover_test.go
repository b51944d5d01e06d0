//go:build unix

package snapshot

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// killed begins a turn, calls work to change files and does not end the turn,
// like a killed process. It returns the space of the next process.
func killed(t *testing.T, s *space, wait bool, work func(u *Turn)) *space {
	t.Helper()
	u := s.Begin(t.Context(), "log", "t_1")
	if wait {
		if err := u.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		u.Commands()
	}
	if err := u.Keep(); err != nil {
		t.Fatal(err)
	}
	work(u)
	u.Alive()
	u.file.release()
	tick(t)
	next := &space{t: t, state: s.state}
	next.open(s.dir, Options{})
	t.Cleanup(func() { _, _ = u.End(context.Background()) })
	return next
}

// tick waits until the file system's clock shows another time.
func tick(t *testing.T) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clock")
	var first time.Time
	for {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if first.IsZero() {
			first = info.ModTime()
		}
		if info.ModTime().After(first) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// recovered returns the changes that Recover finds.
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

// The changes of commands in a killed process's turn are known and reverted,
// also in files that git has and in racy ones.
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
			if left, err := os.ReadDir(filepath.Join(next.state, turnsDir)); err != nil || len(left) != 0 {
				t.Errorf("left in the store: %v, %v", left, err)
			}
		})
	}
}

// If only tools had changed files, before the first scan was done, their
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
				if err := u.Keep(); err != nil {
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

// A file that was changed after the process died is a conflict, and stays. The
// turn of another session is left to that session.
func TestChangesAfterTheKill(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("turn", "one\n")
	s.write("hand", "one\n")
	next := killed(t, s, true, func(*Turn) {
		s.write("turn", "two\n")
		s.write("hand", "two\n")
	})
	s.write("hand", "three\n")
	if err := next.Recover(t.Context(), "another log", func(string, []Change) error { t.Error("recovered"); return nil }); err != nil {
		t.Error(err)
	}
	undo := next.revert(next.recovered())
	want := []Conflict{{"hand", "what it became is not known: it was changed after the server had ended, or may have been"}}
	if diff := cmp.Diff(want, undo.Conflicts); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"turn": "one\n", "hand": "three\n"} {
		if data, err := os.ReadFile(s.path(name)); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// Files that were made, moved or removed after the kill stay as they are; in
// doubt they are conflicts.
func TestMovesAfterTheKill(t *testing.T) {
	const late = "what it became is not known: it was changed after the server had ended, or may have been"
	for _, tt := range []struct {
		name, before, turn, after string
		conflicts                 []string // paths
		undone                    string   // what is there at last, and how it was said
	}{
		{"a new file", "", "echo 1 > cmd", "echo 2 > mine; mkdir own", []string{"mine", "own"}, "echo 2 > mine; mkdir own"},
		{"files that the turn left alone", "echo 1 > old; echo 2 > ren", "echo 3 > cmd", "rm old; mv ren ren2", []string{"old", "ren", "ren2"}, "echo 2 > ren2"},
		{"removed in a directory", "mkdir d e; echo 1 > d/x; echo 2 > e/y", "rm d/x e/y", "echo 3 > d/mine; echo 4 > top", []string{"d/mine", "d/x", "top"}, "mkdir d e; echo 2 > e/y; echo 3 > d/mine; echo 4 > top"},
		{"removed with its directory", "mkdir d; echo 1 > d/x", "echo 2 > cmd", "rm -r d", []string{"d", "d/x"}, ""},
		{"a directory that was moved", "mkdir d; echo 1 > d/x", "echo 2 > cmd", "mv d e", []string{"d", "d/x", "e", "e/x"}, "mkdir e; echo 1 > e/x"},
		{
			"a directory in the place of another", "mkdir -p d/in e/in; echo 1 > d/in/x; echo 2 > e/in/x", "echo 3 > cmd", "mv d old; mv e d",
			[]string{"d/in/x", "e", "e/in", "e/in/x", "old", "old/in", "old/in/x"},
			"mkdir -p old/in d/in; echo 1 > old/in/x; echo 2 > d/in/x",
		},
		{"what the turn had renamed", "mkdir d; echo 1 > d/a", "mv d/a b", "echo 2 > d/mine", []string{"b", "d/a", "d/mine"}, "mkdir d; echo 1 > b; echo 2 > d/mine"},
		{"a directory of the turn's that is in use", "", "mkdir d; echo 1 > d/x", "echo 2 > d/mine", []string{"d", "d/mine", "d/x"}, "mkdir d; echo 1 > d/x; echo 2 > d/mine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := newSpace(t, Options{})
			want.sh("true; " + tt.undone)
			s := newSpace(t, Options{})
			s.sh("true; " + tt.before)
			next := killed(t, s, true, func(*Turn) { s.sh(tt.turn) })
			s.sh(tt.after)
			undo := next.revert(next.recovered())
			var got []string
			for _, c := range undo.Conflicts {
				got = append(got, string(c.Path))
				if c.Reason != late && !strings.HasPrefix(c.Reason, "it was renamed, and the other end, ") {
					t.Errorf("%s: %s", c.Path, c.Reason)
				}
			}
			if diff := cmp.Diff(tt.conflicts, got); diff != "" {
				t.Errorf("conflicts (-want +got):\n%s", diff)
			}
			next.wantTree(want.tree())
		})
	}
}

// Until it is recovered a turn's contents are not collected; when its session is
// gone they are, and so is the turn.
func TestCollectKeepsKilledTurns(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("f", "one\n")
	next := killed(t, s, true, func(*Turn) { s.write("f", "two\n") })
	if err := s.Close(); err != nil { // dead processes hold no locks
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

// Contents that only its tools' pre-images refer to are not collected either.
func TestCollectKeepsPreImages(t *testing.T) {
	s := newSpace(t, Options{})
	s.sh("git init -q; echo .env > .gitignore; echo one > .env")
	before := s.tree()
	next := killed(t, s, true, func(u *Turn) { s.tool(u, ".env", "two\n") })
	if err := s.Close(); err != nil { // dead processes hold no locks
		t.Fatal(err)
	}
	s.Tracker = nil
	if got, err := next.Collect(t.Context(), []string{"log"}); err != nil || got.Shared {
		t.Errorf("%+v, %v", got, err)
	}
	noConflicts(t, next.revert(next.recovered()))
	next.wantTree(before)
}
