package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// space is a workspace with a Tracker.
type space struct {
	*Tracker
	t     testing.TB
	state string
}

func newSpace(t testing.TB, opts Options) *space {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &space{t: t, state: filepath.Join(base, "state")}
	dir := filepath.Join(base, "ws")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.open(dir, opts)
	return s
}

func (s *space) open(dir string, opts Options) {
	s.t.Helper()
	tracker, err := Open(dir, s.state, opts)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Tracker = tracker
	s.t.Cleanup(func() {
		if s.Tracker == tracker {
			if err := tracker.Close(); err != nil {
				s.t.Error(err)
			}
		}
	})
}

// reopen is what a new server does.
func (s *space) reopen() {
	s.t.Helper()
	dir, opts := s.dir, s.opts
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.open(dir, opts)
}

func (s *space) path(name string) string { return filepath.Join(s.dir, name) }

func (s *space) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// clear empties the workspace, git's index included.
func (s *space) clear() {
	s.t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if name == ".git" {
			name = ".git/index"
		}
		if err := os.RemoveAll(s.path(name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *space) sh(script string) {
	s.t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// turn runs work between Begin and End.
func (s *space) turn(work func()) Outcome {
	s.t.Helper()
	u := s.Begin(s.t.Context(), "", "t")
	if err := u.Ready(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	u.Commands()
	work()
	return s.end(u)
}

// end ends a turn that changed something.
func (s *space) end(u *Turn) Outcome {
	s.t.Helper()
	out, err := u.End(s.t.Context())
	if err = errors.Join(err, u.Forget()); err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *space) revert(changes []Change, paths ...string) Reverted {
	s.t.Helper()
	out, err := s.Revert(s.t.Context(), []Record{{ID: "x", Changes: changes}}, paths)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// tree describes all of the workspace but .git: modes, contents, targets.
func (s *space) tree() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(s.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".git" {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(name)
			text += " -> " + target
		case info.Mode().IsRegular() && info.Size() < 1<<20:
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += " " + string(data)
		}
		all[strings.TrimPrefix(name, s.dir)] = text
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s *space) wantTree(want map[string]string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.tree()); diff != "" {
		s.t.Fatalf("tree (-want +got):\n%s", diff)
	}
}

// told is a short form of changes.
func told(changes []Change) []string {
	var list []string
	for _, c := range changes {
		line := c.Change + " " + string(c.Path)
		if c.From != "" {
			line += " from " + string(c.From)
		}
		if c.Before.Kind == Dir || c.After.Kind == Dir {
			line += "/"
		}
		list = append(list, fmt.Sprintf("%s +%d-%d", line, c.Added, c.Removed))
	}
	return list
}

func noConflicts(t testing.TB, r Reverted) {
	t.Helper()
	if len(r.Conflicts) > 0 {
		t.Fatalf("conflicts: %+v", r.Conflicts)
	}
}
