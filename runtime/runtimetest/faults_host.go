package runtimetest

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// hostFaults are the faults that the machine causes in a workspace and in the
// server.
var hostFaults = []fault{
	{"workspace deleted in mid-turn", func(t *testing.T, s *server) {
		rt := s.fresh(t)
		j := startJob(t, rt, "echo begun; sleep 1000")
		speaks(t, j)
		if err := os.RemoveAll(rt.Workspace().Dir()); err != nil {
			t.Fatal(err)
		}
		wantGone(t, rt)
		endJob(t, j, "[cancelled]")
	}},
	{"workspace renamed in mid-turn", func(t *testing.T, s *server) {
		rt := s.fresh(t)
		dir := rt.Workspace().Dir()
		bash(t, rt, "echo kept >file")
		if err := os.Rename(dir, dir+"-moved"); err != nil {
			t.Fatal(err)
		}
		wantGone(t, rt)
		if err := os.Rename(dir+"-moved", dir); err != nil {
			t.Fatal(err)
		}
		wantText(t, rt, "cat file", "kept\n")
	}},
	{"workspace read-only in mid-turn", func(t *testing.T, s *server) {
		rt := s.fresh(t)
		dir := rt.Workspace().Dir()
		bash(t, rt, "true")
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		res := rt.Bash(t.Context(), "echo x >new", runtime.BashOptions{})
		t.Logf("%v: %s", res.Err, res.Text)
		if _, _, err := rt.WriteFile("file", "x"); os.Getuid() != 0 && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("write a file: %v", err)
		}
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		wantText(t, rt, "echo works", "works\n")
	}},
	{"EMFILE", func(t *testing.T, s *server) {
		var others []*runtime.Runtime
		for range 12 {
			others = append(others, s.fresh(t))
		}
		files := useUpFiles(t)
		_, _, err := s.rt.WriteFile("file", "x")
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("write a file: %v", err)
		}
		for _, rt := range others { // each time the start of a supervisor and a command gets further
			for _, rt := range []*runtime.Runtime{rt, s.rt} {
				res := rt.Bash(t.Context(), "echo works", runtime.BashOptions{Timeout: patience})
				if res.Err != nil && !errors.Is(res.Err, runtime.ErrUnavailable) && !errors.Is(res.Err, syscall.EMFILE) {
					t.Errorf("%v: %s", res.Err, res.Text)
				}
				if res.Err == nil && !strings.Contains(res.Text, "\nworks\n") { // a notice may follow
					t.Errorf("no error, but %s", res.Text)
				}
			}
			files.release(2)
		}
		files.release(len(files.taken))
		wantText(t, s.rt, "echo works", "works\n")
	}},
}

// wantGone checks for the error of a workspace that does not exist.
func wantGone(t *testing.T, rt *runtime.Runtime) {
	t.Helper()
	if res := rt.Bash(t.Context(), "true", runtime.BashOptions{Timeout: patience}); !errors.Is(res.Err, runtime.ErrUnavailable) {
		t.Errorf("%v: %s", res.Err, res.Text)
	}
}
