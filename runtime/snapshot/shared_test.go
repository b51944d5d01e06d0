//go:build unix

package snapshot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// begun is a turn whose first scan is done.
func (s *space) begun(log string) *Turn {
	s.t.Helper()
	u := s.Begin(s.t.Context(), log, "t_1")
	if err := u.Ready(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return u
}

// command is what a command of the turn does.
func (s *space) command(u *Turn, script string) {
	s.t.Helper()
	u.Commands()
	if err := u.Keep(); err != nil {
		s.t.Fatal(err)
	}
	s.sh(script)
}

// tool is what a tool of the turn writes.
func (s *space) tool(u *Turn, name, text string) {
	s.t.Helper()
	if err := u.PreImage(name); err != nil {
		s.t.Fatal(err)
	}
	if err := u.Keep(); err != nil {
		s.t.Fatal(err)
	}
	s.write(name, text)
}

// another is a Tracker of the same workspace, as another process has it.
func (s *space) another() *space {
	s.t.Helper()
	other := &space{t: s.t, state: s.state}
	other.open(s.dir, Options{})
	return other
}

// turnFiles returns the names of the turns' files in the store.
func (s *space) turnFiles() int {
	s.t.Helper()
	list, err := os.ReadDir(filepath.Join(s.state, turnsDir))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(list)
}

// Of two turns at the same time each has the files that its own tools wrote, no
// matter which ends first. A file that a command of either may have changed, or
// that both wrote, is listed by both and reverted by neither.
func TestTurnsAtTheSameTime(t *testing.T) {
	for _, where := range []string{"one process", "two processes"} {
		for _, ends := range []string{"the first ends first", "the second ends first"} {
			t.Run(where+", "+ends, func(t *testing.T) {
				a := newSpace(t, Options{})
				b := a
				if where == "two processes" {
					b = a.another()
				}
				a.sh("echo 0 > both; echo 0 > byA; echo 0 > byB; echo 0 > rm; echo moved > from; mkdir d; echo 0 > d/keep")
				first, second := a.begun("log"), b.begun("log 2")
				if _, err := a.Revert(t.Context(), nil, nil); !errors.Is(err, ErrTurnOpen) {
					t.Errorf("a revert beside turns: %v", err)
				}
				a.command(first, "echo x > cmd; rm rm from; mkdir made; echo 1 >> byB")
				a.tool(first, "to", "moved\n")
				a.tool(first, "new/byA", "a\n")
				b.tool(second, "byB", "b\n")
				b.tool(second, "new/byB", "b\n")
				a.tool(first, "byA", "a\n")
				a.tool(first, "both", "a\n")
				b.tool(second, "both", "b\n")
				b.command(second, "echo 2 > d/cmd")
				var ofA, ofB Outcome
				if ends == "the first ends first" {
					ofA, ofB = a.end(first), b.end(second)
				} else {
					ofB, ofA = b.end(second), a.end(first)
				}
				if diff := cmp.Diff([]string{"modified both +1-1", "modified byA +1-1", "added cmd +1-0", "added d/cmd +1-0", "added made/ +0-0", "added new/ +0-0", "added new/byA +1-0", "deleted rm +0-1", "renamed to from from +0-0"}, told(ofA.Changes)); diff != "" {
					t.Errorf("the first (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"modified both +1-1", "modified byB +1-1", "added cmd +1-0", "added d/cmd +1-0", "deleted from +0-1", "added made/ +0-0", "added new/ +0-0", "added new/byB +1-0", "deleted rm +0-1"}, told(ofB.Changes)); diff != "" {
					t.Errorf("the second (-want +got):\n%s", diff)
				}
				if n := a.turnFiles(); n != 0 {
					t.Errorf("%d files", n)
				}
				want := []Conflict{
					{"both", sharedWrite},
					{"cmd", sharedCommand},
					{"d/cmd", sharedCommand},
					{"from", sharedCommand},
					{"made", sharedCommand},
					{"new", "the directory holds something else"},
					{"rm", sharedCommand},
					{"to", sharedCommand},
				}
				if diff := cmp.Diff(want, a.revert(ofA.Changes).Conflicts); diff != "" {
					t.Errorf("conflicts of the first (-want +got):\n%s", diff)
				}
				// "to" is the first one's, and "new" is empty now.
				want = slices.DeleteFunc(want, func(c Conflict) bool { return c.Path == "to" || c.Path == "new" })
				if diff := cmp.Diff(want, a.revert(ofB.Changes).Conflicts); diff != "" {
					t.Errorf("conflicts of the second (-want +got):\n%s", diff)
				}
				clean := newSpace(t, Options{})
				clean.sh("echo b > both; echo 0 > byA; echo 0 > byB; echo x > cmd; mkdir d made; echo moved > to; echo 0 > d/keep; echo 2 > d/cmd")
				before := clean.tree()
				before["/byB"] = a.tree()["/byB"] // how a command of the first had left it, or not
				a.wantTree(before)
			})
		}
	}
}

// A turn that begins while any process reverts files waits for that.
func TestTurnWaitsForRevert(t *testing.T) {
	a := newSpace(t, Options{})
	b := a.another()
	held, err := a.holdTurns()
	if err != nil {
		t.Fatal(err)
	}
	var released atomic.Bool
	begun := make(chan *Turn)
	go func() {
		u := b.Begin(context.WithoutCancel(t.Context()), "log", "t_1")
		if !released.Load() {
			t.Error("it did not wait")
		}
		begun <- u
	}()
	time.Sleep(50 * time.Millisecond) // for it to come that far
	if n, err := os.ReadDir(filepath.Join(a.state, turnsDir)); len(n) > 0 {
		t.Errorf("a turn is there: %v, %v", n, err)
	}
	released.Store(true)
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	b.end(<-begun)
}

// Without a command a turn has changed what its tools wrote, and nothing else. Turns
// that follow one another have nothing to do with each other, nor has a directory's
// change.
func TestTurnsOneByOne(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("f", "0\n")
	u := s.begun("")
	s.tool(u, "new/g", "1\n")
	s.write("f", "by hand\n")
	s.write("new/h", "by hand\n")
	out := s.end(u)
	if diff := cmp.Diff([]string{"added new/ +0-0", "added new/g +1-0"}, told(out.Changes)); diff != "" {
		t.Errorf("tools alone (-want +got):\n%s", diff)
	}
	first := s.begun("log")
	s.command(first, "echo 1 > cmd")
	one := s.end(first)
	second := s.begun("log")
	s.command(second, "echo 2 > cmd")
	two := s.end(second)
	noConflicts(t, s.revert(two.Changes))
	noConflicts(t, s.revert(one.Changes))
	if n := s.turnFiles(); n != 0 {
		t.Errorf("%d files", n)
	}
}

// A turn that ended during another turn, whose process was killed later, is
// known when that one is recovered: the files that its tools wrote stay. Then
// no file of either turn is left.
func TestRecoveredBesideAnother(t *testing.T) {
	s := newSpace(t, Options{})
	next := killed(t, s, true, func(u *Turn) {
		s.command(u, "echo 1 > cmd")
		other := s.another()
		beside := other.begun("log 2")
		other.tool(beside, "theirs", "2\n")
		other.end(beside)
		other.end(other.begun("log 3"))
	})
	if n := next.turnFiles(); n != 4 { // the killed one with its scan, and those beside it
		t.Errorf("%d files", n)
	}
	later := next.begun("log 4")
	next.command(later, "echo 3 > later")
	changes := next.recovered()
	if out := next.end(later); len(out.Changes) != 1 || out.Changes[0].Shared != "" {
		t.Errorf("the turn after it: %+v", out.Changes)
	}
	if diff := cmp.Diff([]string{"added cmd +1-0", "added later +0-0"}, told(changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := next.revert(changes).Conflicts; len(got) != 1 || got[0].Path != "later" {
		t.Errorf("conflicts: %v", got)
	}
	if n := next.turnFiles(); n != 0 {
		t.Errorf("%d files", n)
	}
}

// Files of a process that was killed while it began a turn, or during a turn
// that nobody can end, are swept.
func TestHalfTurnsAreSwept(t *testing.T) {
	s := newSpace(t, Options{})
	for name, text := range map[string]string{"empty": "", "half": " {\"id\":\"t", "unkept": " {\"id\":\"t\",\"begun\":1}\n"} {
		if err := os.MkdirAll(filepath.Join(s.state, turnsDir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.state, turnsDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Recover(t.Context(), "", func(string, []Change) error { t.Error("recovered"); return nil }); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	u := s.begun("")
	_, _ = u.End(ended)
	if err := u.Forget(); err != nil || s.turnFiles() != 0 {
		t.Errorf("%d files, %v", s.turnFiles(), err)
	}
}
