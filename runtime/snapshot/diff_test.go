//go:build unix

package snapshot

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// git apply turns the old tree into the tree after the turn.
func TestDiffIsWhatGitApplies(t *testing.T) {
	s := newSpace(t, Options{})
	fillMany(s)
	s.write("sp ace/a b.txt", "x\n")
	s.write("tab\there\n\"q\"\xff", "odd name\n")
	s.write("nonl", "last line without")
	s.sh("cp -a . ../old")
	out := s.turn(func() {
		s.sh(manyThings)
		s.write("sp ace/a b.txt", "y\n")
		s.write("tab\there\n\"q\"\xff", "odd name\nchanged\n")
		s.write("nonl", "last line with\n")
		s.sh("rm blob; : > nothing; rm -r empty; chmod 600 nonl")
	})
	p, err := s.Diff(t.Context(), Record{Changes: out.Changes}, nil)
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(s.dir, "..", "old")
	cmd := exec.Command("git", "apply", "--verbose")
	cmd.Dir = old
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(old))
	cmd.Stdin = strings.NewReader(p.Text)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, text, p.Text)
	}
	want := s.tree()
	for _, name := range []string{"/modes", "/was-empty", "/whole", "/whole/tree", "/nonl"} {
		delete(want, name) // git knows neither directories nor more modes than two
	}
	now := &space{t: t, Tracker: &Tracker{dir: old}}
	got := now.tree()
	for _, name := range []string{"/modes", "/was-empty", "/nonl"} {
		delete(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tree (-want +got):\n%s\n%s", diff, p.Text)
	}
}

func TestDiffNamesBinaryFilesAndPaths(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("bin", "a\x00b")
	s.write("dir/text", "a\n")
	out := s.turn(func() {
		s.write("bin", "a\x00c")
		s.write("dir/text", "b\n")
		s.write("dirt", "not below dir\n")
	})
	p, err := s.Diff(t.Context(), Record{Changes: out.Changes}, []string{"dir"})
	if err != nil {
		t.Fatal(err)
	}
	want := "diff --git a/dir/text b/dir/text\n--- a/dir/text\n+++ b/dir/text\n@@ -1 +1 @@\n-a\n+b\n"
	if diff := cmp.Diff(want, p.Text); diff != "" {
		t.Errorf("patch (-want +got):\n%s", diff)
	}
	p, err = s.Diff(t.Context(), Record{Changes: out.Changes}, []string{"bin"})
	want = "diff --git a/bin b/bin\nBinary files a/bin and b/bin differ\n"
	if err != nil || p.Text != want || len(p.Files) != 1 || !p.Files[0].Binary {
		t.Errorf("got %q, %+v, %v; want %q", p.Text, p.Files, err, want)
	}
}
