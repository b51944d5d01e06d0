//go:build unix

package snapshot

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const manyThings = `
printf 'new\nlines\n' > src/new.go
sed -i s/two/TWO/ src/a.go
mv src/b.go src/moved.go
rm src/gone.txt
printf 'a\0b' > blob
chmod 755 run.sh
ln -s src/a.go link
ln -sfn elsewhere old-link
ln run.sh hard
mkdir -p empty/deep
rmdir was-empty
rm -r whole
chmod 700 modes
rm flip-dir/x && rmdir flip-dir && echo file > flip-dir
rm flip-file && mkdir flip-file && echo in > flip-file/in
`

func fillMany(s *space) {
	s.write("src/a.go", "one\ntwo\nthree\n")
	s.write("src/b.go", "package b\n")
	s.write("src/gone.txt", "no newline at end")
	s.write("run.sh", "#!/bin/sh\n")
	s.write("whole/tree/file", "x\n")
	s.write("whole/other", "y\n")
	s.write("modes/keep", "k\n")
	s.write("flip-dir/x", "was in a directory\n")
	s.write("flip-file", "was a file\n")
	s.sh("mkdir was-empty; chmod 711 was-empty; ln -s nowhere old-link; chmod 600 src/gone.txt; chmod 750 whole/tree")
}

// A turn with almost all kinds of changes is reverted byte for byte, and the
// revert too.
func TestTurnRevertedAndRedone(t *testing.T) {
	for _, kind := range []string{"plain", "git", "git index"} {
		t.Run(kind, func(t *testing.T) {
			s := newSpace(t, Options{})
			fillMany(s)
			switch kind {
			case "git":
				s.sh("git init -q")
			case "git index":
				s.sh("git init -q; git add -A; git commit -qm x; touch -d '1 hour' .git/index")
			}
			before := s.tree()
			out := s.turn(func() { s.sh(manyThings) })
			after := s.tree()
			want := []string{
				"added blob +0-0", "added empty/ +0-0", "added empty/deep/ +0-0",
				"modified flip-dir/ +1-0", "deleted flip-dir/x +0-1",
				"modified flip-file/ +0-1", "added flip-file/in +1-0",
				"added hard +1-0", "added link +0-0", "modified modes/ +0-0", "modified old-link +0-0",
				"modified run.sh +0-0", "modified src/a.go +1-1", "deleted src/gone.txt +0-1",
				"renamed src/moved.go from src/b.go +0-0", "added src/new.go +2-0",
				"deleted was-empty/ +0-0", "deleted whole/ +0-0", "deleted whole/other +0-1",
				"deleted whole/tree/ +0-0", "deleted whole/tree/file +0-1",
			}
			if diff := cmp.Diff(want, told(out.Changes)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			undo := s.revert(out.Changes)
			noConflicts(t, undo)
			s.wantTree(before)
			redo := s.revert(undo.Changes)
			noConflicts(t, redo)
			s.wantTree(after)
			noConflicts(t, s.revert(redo.Changes))
			s.wantTree(before)
		})
	}
}

// Files that were changed by hand since stay and are named; all others are
// reverted.
func TestConflictLosesNothing(t *testing.T) {
	s := newSpace(t, Options{})
	fillMany(s)
	out := s.turn(func() { s.sh(manyThings) })
	s.write("src/a.go", "by hand\n")
	s.write("src/gone.txt", "back by hand")
	s.sh("echo mine > empty/deep/mine; chmod 600 blob; rm src/new.go; echo x >> src/moved.go")
	r := s.revert(out.Changes)
	got := map[string]string{}
	for _, c := range r.Conflicts {
		got[string(c.Path)] = c.Reason
	}
	want := map[string]string{
		"blob":         "its mode was changed since",
		"empty":        "the directory holds something else",
		"empty/deep":   "the directory holds something else",
		"src/a.go":     "it was changed since",
		"src/b.go":     "it was renamed, and the other end, src/moved.go, has a conflict",
		"src/gone.txt": "something else is there since",
		"src/moved.go": "it was changed since",
		"src/new.go":   "it is as it was before already",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{
		"src/a.go": "by hand\n", "src/gone.txt": "back by hand",
		"empty/deep/mine": "mine\n", "whole/other": "y\n", "flip-file": "was a file\n",
	} {
		if data, err := os.ReadFile(s.path(name)); err != nil || string(data) != text {
			t.Errorf("%s: %q, %v; want %q", name, data, err, text)
		}
	}
}

// Names of one file need not have had one mode.
func TestModesOfHardLinks(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("a", "x\n")
	s.write("b", "x\n")
	s.write("c", "y\n")
	s.sh("chmod 640 b; ln a linked")
	before := s.tree()
	out := s.turn(func() { s.sh("chmod 700 a; ln -f a b; ln -f a c") })
	after := s.tree()
	undo := s.revert(out.Changes)
	noConflicts(t, undo)
	s.wantTree(before)
	noConflicts(t, s.revert(undo.Changes))
	s.wantTree(after)
}

// Paths that a rule left out were not scanned, so changing the rule makes no
// file new, and a revert removes none that existed.
func TestRulesThatChange(t *testing.T) {
	s := newSpace(t, Options{})
	s.write(".gitignore", "out\n*.env\n")
	s.write("out/x", "mine\n")
	s.write("a.env", "mine\n")
	s.sh("git init -q")
	before := s.tree()
	out := s.turn(func() { s.write(".gitignore", "seen\n"); s.write("seen/x", "made\n") })
	if got := told(out.Changes); len(got) != 1 {
		t.Errorf("changes %v", got)
	}
	noConflicts(t, s.revert(out.Changes))
	s.sh("rm -r seen")
	s.wantTree(before)
}

// Reverting one file of many leaves the others, and removes the directory that
// was made for it.
func TestRevertOfPaths(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("a", "old\n")
	out := s.turn(func() { s.sh("echo new > a; mkdir -p d/e f; echo x > d/e/x; echo y > f/y") })
	noConflicts(t, s.revert(out.Changes, "d/e/x", "f"))
	s.wantTree(map[string]string{"": "drwxr-xr-x", "/a": "-rw-r--r-- new\n"})
}

// A change by hand between two turns is not overwritten.
func TestRevertOfTurnsWithAGap(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("a", "1")
	s.write("b", "1")
	one := s.turn(func() { s.write("a", "2"); s.write("b", "2") })
	s.write("a", "by hand")
	two := s.turn(func() { s.write("a", "3"); s.write("b", "3") })
	r, err := s.Revert(t.Context(), []Record{{Changes: one.Changes}, {Changes: two.Changes}}, nil)
	if err != nil || len(r.Conflicts) != 1 || r.Conflicts[0].Reason != "it was changed between two of the turns" {
		t.Errorf("%+v, %v", r, err)
	}
	s.wantTree(map[string]string{"": "drwxr-xr-x", "/a": "-rw-r--r-- 3", "/b": "-rw-r--r-- 1"})
}

// A file that the turns together left unchanged is neither written nor
// reported, as when a rewind covers an undo.
func TestRevertOfTurnsThatCancelOut(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("a", "1")
	s.write("b", "1")
	one := s.turn(func() { s.sh("rm a"); s.write("b", "2"); s.write("c", "new") })
	two := s.turn(func() { s.write("a", "1"); s.sh("rm c") })
	before := s.tree()
	r, err := s.Revert(t.Context(), []Record{{Changes: one.Changes}, {Changes: two.Changes}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	noConflicts(t, r)
	if diff := cmp.Diff([]string{"modified b +1-1"}, told(r.Changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	noConflicts(t, s.revert(r.Changes))
	s.wantTree(before)
}

// For a file that was just changed it is not known whether its stamp is the
// last one.
func TestSettledStamps(t *testing.T) {
	now := time.Now()
	fresh, old := now.Add(-racy/2).UnixNano(), now.Add(-2*racy).UnixNano()
	for s, want := range map[stamp]bool{
		{ctime: old, mtime: fresh}: true,
		{ctime: fresh, mtime: old}: false,
		{mtime: fresh}:             false,
		{mtime: old}:               true,
	} {
		if got := s.settled(now); got != want {
			t.Errorf("%+v: %v", s, got)
		}
	}
}

// Two writes within one tick of the clock can have the same time stamp.
func TestWritesWithinATick(t *testing.T) {
	s := newSpace(t, Options{})
	for i := range 100 {
		s.write("f", "aaaa")
		before, err := s.rescan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.write("f", "bbbb")
		after, err := s.rescan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := comparison{own: &seenTurn{commands: true}, t: s.Tracker, before: before, after: after}
		if changes, err := c.changes(t.Context()); err != nil || len(changes) != 1 {
			t.Fatalf("round %d: %v, %v", i, told(changes), err)
		}
	}
}
