package runtime_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
)

// guarded is a workspace with repositories, and links that lead into them.
func guarded(t *testing.T) *runtime.Workspace {
	return workspace(t, map[string]string{
		".git/config": "mine", ".git/rebase-merge/git-rebase-todo": "pick 1", "sub/.git": "gitdir: ../.git/modules/sub",
		"srv.git/HEAD": "ref: refs/heads/main", "srv.git/objects/": "", "srv.git/refs/": "", "srv.git/config": "mine",
		"half/HEAD": "x", "half/objects/": "",
		"link": "-> .git", "deep/link": "-> ../link/config", "bare": "-> srv.git", "envrc": "-> .envrc", ".envrc": "mine", ".vscode/x": "mine", "settings": "-> .vscode",
	})
}

// writers are all ways to write a file of a workspace.
func writers(t *testing.T, ws *runtime.Workspace) map[string]func(name string, allowed ...string) error {
	src := workspace(t, map[string]string{"x": "evil"})
	return map[string]func(string, ...string) error{
		"write": func(name string, allowed ...string) error {
			_, err := ws.WriteFile(name, []byte("evil"), allowed...)
			return err
		},
		"copy": func(name string, allowed ...string) error {
			report, err := src.CopyTo(t.Context(), ws, "x", name, runtime.CopyOptions{Allowed: allowed})
			if err == nil && len(report.Skipped) == 1 && strings.HasPrefix(report.Skipped[0].Reason, "protected: ") {
				err = runtime.ErrProtected
			}
			return err
		},
	}
}

func TestNobodyWritesInsideARepository(t *testing.T) {
	ws := guarded(t)
	before := tree(t, ws)
	for how, write := range writers(t, ws) {
		for _, name := range []string{
			".git/config", ".GIT/config", ".git/hooks/pre-commit", ".git/rebase-merge/git-rebase-todo", ".git", "sub/.git", "new/.git/config", ".git./config", "git~1/config",
			"srv.git/config", "srv.git/hooks/pre-receive", "half/refs/heads/main", "half/commondir", ".hg/hgrc", ".jj/repo/config.toml",
			"link/config", "link/hooks/x", "deep/link", "bare/config", "bare/hooks/x",
		} {
			err := write(name, ".", name, ".git", "srv.git")
			var invalid *runtime.InvalidError
			if how == "copy" && errors.As(err, &invalid) {
				continue // a file for a directory
			}
			if !errors.Is(err, runtime.ErrProtected) {
				t.Errorf("%s %s: error %v", how, name, err)
			}
			if how != "copy" && !strings.Contains(err.Error(), "use ") {
				t.Errorf("%s %s: %v does not say what to use", how, name, err)
			}
		}
	}
	if diff := cmp.Diff(before, tree(t, ws)); diff != "" {
		t.Errorf("changed: %s", diff)
	}
}

func TestListedPathsNeedAYesForThatVeryPath(t *testing.T) {
	for _, c := range []struct{ name, real string }{
		{".envrc", ".envrc"}, {"envrc", ".envrc"}, {".vscode/x", ".vscode/x"}, {"settings/x", ".vscode/x"},
	} {
		ws := guarded(t)
		for how, write := range writers(t, ws) {
			for _, other := range [][]string{nil, {"a"}, {c.real + "x"}, {"envrc"}, {c.real + "/below"}} {
				if err := write(c.name, other...); !errors.Is(err, runtime.ErrProtected) {
					t.Errorf("%s %s, allowed %q: error %v", how, c.name, other, err)
				}
			}
			if got, err := os.ReadFile(filepath.Join(ws.Dir(), c.real)); err != nil || string(got) != "mine" {
				t.Errorf("%s %s: %q, %v", how, c.name, got, err)
			}
			if err := write(c.name, c.real); err != nil {
				t.Errorf("%s %s: %v", how, c.name, err)
			}
			must(t, os.WriteFile(filepath.Join(ws.Dir(), c.real), []byte("mine"), 0o600))
		}
	}
}

func TestChangesTellWhatIsProtected(t *testing.T) {
	ws := guarded(t)
	if c, err := ws.WriteFile("envrc", nil, ".envrc"); err != nil || !c.Protected {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := ws.WriteFile("a", nil); err != nil || c.Protected {
		t.Errorf("%+v, %v", c, err)
	}
	if v, err := ws.Target("deep/link"); err != nil || v.Path != ".git/config" || v.Grade != protect.Never {
		t.Errorf("%+v, %v", v, err)
	}
}

// The parts of a repository cannot be written one after the other, nor at once.
func TestNoWriteCompletesARepository(t *testing.T) {
	parts := []string{"s/HEAD", "s/objects/x", "s/refs/x"}
	for last := range parts {
		ws := workspace(t, nil)
		for i, p := range parts {
			if i != last {
				if _, err := ws.WriteFile(p, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		for how, write := range writers(t, ws) {
			err := write(parts[last])
			if !errors.Is(err, runtime.ErrProtected) {
				t.Errorf("%s %s: error %v", how, parts[last], err)
			}
		}
	}
	// Nothing of a repository that is copied as a whole is written.
	src, dst := guarded(t), workspace(t, nil)
	report, err := src.CopyTo(t.Context(), dst, ".", ".", runtime.CopyOptions{})
	must(t, err)
	var skipped []string
	for _, s := range report.Skipped {
		skipped = append(skipped, s.Path)
	}
	if diff := cmp.Diff([]string{".envrc", ".git", ".vscode", "srv.git", "sub/.git"}, skipped); diff != "" {
		t.Error(diff)
	}
	// The parts are in two places and form a repository only in the
	// destination.
	src, dst = workspace(t, map[string]string{"d/HEAD": "x", "d/refs/x": "x"}), workspace(t, map[string]string{"d/objects/": ""})
	_, err = src.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{})
	must(t, err)
	if diff := cmp.Diff(map[string]string{"d/": "", "d/HEAD": "x", "d/objects/": ""}, tree(t, dst)); diff != "" {
		t.Error(diff)
	}
	// An agent's own workspace gets a repository whole.
	all := workspace(t, nil)
	_, err = src.CopyTo(t.Context(), all, ".", ".", runtime.CopyOptions{Unguarded: true})
	must(t, err)
	src = guarded(t)
	_, err = src.CopyTo(t.Context(), all, ".", ".", runtime.CopyOptions{Unguarded: true})
	must(t, err)
	if got := tree(t, all); got[".git/config"] != "mine" || got["srv.git/HEAD"] == "" {
		t.Errorf("%v", got)
	}
}

// The checked file is the one that is written, even while a job of the model
// replaces a directory by a link into a repository and back.
func TestLinkInTheWayMeanwhile(t *testing.T) {
	ws := workspace(t, map[string]string{"d/": "", ".git/config": "mine"})
	path := func(name string) string { return filepath.Join(ws.Dir(), name) }
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			err := errors.Join(os.Rename(path("d"), path("e")), os.Symlink(".git", path("d")), os.Remove(path("d")), os.Rename(path("e"), path("d")))
			if err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
				return
			}
			if _, err := os.Lstat(path("e")); err == nil { // a write made d anew
				_ = os.RemoveAll(path("d"))
				_ = os.Rename(path("e"), path("d"))
			}
		}
	}()
	for range 2000 {
		_, _ = ws.WriteFile("d/config", []byte("evil"))
		if got, err := os.ReadFile(path(".git/config")); err != nil || string(got) != "mine" {
			t.Errorf("%q, %v", got, err)
			break
		}
	}
	close(stop)
	<-stopped
}
