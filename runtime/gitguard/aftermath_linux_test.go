package gitguard_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/gitguard"
)

// later waits until a change certainly has a later time than all before it, and
// returns that time.
func later(t *testing.T) time.Time {
	t.Helper()
	time.Sleep(120 * time.Millisecond) // files have no finer clock that a test could wait for
	return time.Now()
}

// TestAftermath: armed files of a killed server's commands are moved away, the
// user's stay.
func TestAftermath(t *testing.T) {
	run, ran := program(t)
	for name, c := range map[string]struct {
		before, after map[string]string // files; names that begin with "*" are programs
		move          [2]string         // after
		guarded       bool
		gone, stays   []string
	}{
		"a nested repository": {
			before: map[string]string{"old/a": ""},
			after:  map[string]string{"new/.git/HEAD": "ref: refs/heads/x\n", "*new/.git/hooks/post-checkout": run, "new/.git/config": "[core]\n\tfsmonitor = " + run + "\n"},
			gone:   []string{"new/.git/hooks/post-checkout"}, stays: []string{"new/.git/config", "new/.git/HEAD"},
		},
		"the user's nested repository": {
			before: map[string]string{"sub/.git/HEAD": "ref: refs/heads/x\n", "*sub/.git/hooks/pre-commit": run},
			after:  map[string]string{"file": "", "sub/file": "", "sub/.git/index": "", "other/.git/HEAD": "x"},
			stays:  []string{"sub/.git/hooks/pre-commit"},
		},
		"the user's guarded repository, to which commands committed": {
			before:  map[string]string{"sub/.git/HEAD": "ref: refs/heads/x\n", "*sub/.git/hooks/pre-commit": run},
			after:   map[string]string{"sub/.git/commondir": "./.\n", "sub/.git/objects/aa/x": ""},
			guarded: true,
			stays:   []string{"sub/.git/hooks/pre-commit"},
		},
		"a directory that was prepared before and has become a .git": {
			before: map[string]string{"p/config": "[core]\n\tfsmonitor = " + run + "\n"},
			after:  map[string]string{"p/HEAD": "ref: refs/heads/x\n", "p/objects/x": "", "p/refs/x": "", "n/x": ""},
			move:   [2]string{"p", "n/.git"},
			gone:   []string{"n/.git/config"},
		},
		"what was prepared before, and moved": {
			before: map[string]string{"p/HEAD": "x", "p/objects/x": "", "p/refs/x": "", "*q/hooks/post-checkout": run},
			move:   [2]string{"q/hooks", "p/hooks"},
			gone:   []string{"p/hooks/post-checkout"}, stays: []string{"p/HEAD"},
		},
		"what was prepared before, and has become a repository": {
			before: map[string]string{"p/objects/x": "", "p/refs/x": "", "*p/hooks/post-checkout": run},
			after:  map[string]string{"p/HEAD": "ref: refs/heads/x\n"},
			gone:   []string{"p/hooks/post-checkout"},
		},
		"the workspace as a repository": {
			before: map[string]string{"objects/x": "", "refs/x": "", "config": "[core]\n\tfsmonitor = " + run + "\n"},
			after:  map[string]string{"HEAD": "ref: refs/heads/x\n"},
			gone:   []string{"HEAD"},
		},
		"the guarded .git": {
			before:  map[string]string{".git/HEAD": "ref: refs/heads/x\n"},
			after:   map[string]string{"*.git/hooks/pre-commit": run, ".git/rebase-merge/git-rebase-todo": "exec " + run + "\n"},
			guarded: true,
			gone:    []string{".git/rebase-merge"}, stays: []string{".git/hooks/pre-commit"},
		},
		"the .git that is not guarded": {
			before: map[string]string{".git/HEAD": "ref: refs/heads/x\n"},
			after:  map[string]string{"*.git/hooks/pre-commit": run},
			gone:   []string{".git/hooks/pre-commit"},
		},
		"a .git that leads away": {
			after: map[string]string{"sub/.git": "gitdir: /tmp/elsewhere/../x\n"},
			gone:  []string{"sub/.git"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files(t, dir, c.before)
			since := later(t)
			files(t, dir, c.after)
			if c.move[0] != "" {
				must(t, os.Rename(filepath.Join(dir, c.move[0]), filepath.Join(dir, c.move[1])))
			}
			notices := gitguard.Aftermath(dir, since, c.guarded)
			for _, name := range c.gone {
				if text, _ := os.ReadFile(filepath.Join(dir, name)); strings.Contains(string(text), run) {
					t.Errorf("%s is there", name)
				}
				if !slices.ContainsFunc(notices, func(n string) bool { return strings.HasPrefix(n, name+" was moved to ") }) {
					t.Errorf("no notice of %s: %q", name, notices)
				}
			}
			for _, name := range c.stays {
				if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if len(c.gone) == 0 && len(notices) > 0 {
				t.Errorf("%q", notices)
			}
			git(t, dir, "status")
			git(t, filepath.Join(dir, "new"), "status")
			if ran() {
				t.Error("git ran what commands planted")
			}
		})
	}
}
