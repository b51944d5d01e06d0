package gitguard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/instance"
)

// staged returns the host path of the directory that commands see as .git.
func staged(t testing.TB, dir string, g *gitguard.Guard) string {
	t.Helper()
	for _, p := range g.Parts {
		if p.Path == ".git" && p.From != "" && p.Dir && !p.ReadOnly {
			return filepath.Join(dir, p.Source())
		}
	}
	t.Fatalf("nothing is staged: %+v", g.Parts)
	return ""
}

func names(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestStaged: for the host a repository of commands is none before it is
// published, and then has nothing that runs.
func TestStaged(t *testing.T) {
	dir := t.TempDir()
	g := guard(t, dir)
	at := staged(t, dir, g)
	git(t, dir, "init", "-q", "--bare", at)
	run, ran := program(t)
	files(t, at, map[string]string{"*hooks/pre-commit": "#!/bin/sh\n" + run + "\n", "modules/m/HEAD": "ref: x\n"})
	git(t, at, "config", "core.fsmonitor", run)
	git(t, at, "config", "core.bare", "false")
	git(t, at, "config", "user.name", "me")
	git(t, dir, "config", "--file", at+"/modules/m/config", "core.pager", run)
	must(t, os.Symlink("/etc", at+"/worktrees"))
	if text := git(t, dir, "status"); !strings.Contains(text, "not a git repository") || ran() {
		t.Errorf("the host has a repository: %s", text)
	}
	if !g.Holds() || !g.HasNew() {
		t.Errorf("holds %t, new %t", g.Holds(), g.HasNew())
	}
	text := strings.Join(g.Publish(), "\n")
	for _, want := range []string{"hooks/pre-commit was moved", `sets "core.fsmonitor"`, `sets "core.pager"`, ".git/worktrees was moved"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said: %s", want, text)
		}
	}
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "x")
	if log := git(t, dir, "log", "--format=%s"); log != "x\n" || ran() {
		t.Errorf("log %q, ran %t", log, ran())
	}
	if list := git(t, dir, "config", "--list"); !strings.Contains(list, "user.name=me\n") {
		t.Errorf("settings: %s", list)
	}
	if g.Holds() || g.HasNew() {
		t.Error("the guard is still that of no repository")
	}
	if again := guard(t, dir); !again.Holds() {
		t.Error("it cannot be guarded anew")
	}
}

// TestStagedIsGone: if commands make no repository, nothing is left.
func TestStagedIsGone(t *testing.T) {
	dir := t.TempDir()
	g, other := guard(t, dir), guard(t, dir)
	if staged(t, dir, g) == staged(t, dir, other) {
		t.Error("two servers share one")
	}
	g.Release()
	if _, err := os.Stat(staged(t, dir, other)); err != nil || !other.Holds() {
		t.Errorf("the other one's: %v, holds %t", err, other.Holds())
	}
	if notices := other.Release(); len(notices) > 0 || names(t, dir) != nil {
		t.Errorf("%q, %q", notices, names(t, dir))
	}
	// An empty directory, which a user can have made, counts as none.
	must(t, os.Mkdir(dir+"/.git", 0o755))
	staged(t, dir, guard(t, dir))
}

// TestStagedIsHidden: .git exists only while commands of any server run, and
// the host can make one meanwhile.
func TestStagedIsHidden(t *testing.T) {
	dir := t.TempDir()
	g, other := guard(t, dir), guard(t, dir)
	hidden := func() bool {
		_, err := os.Lstat(dir + "/.git")
		return err != nil
	}
	g.Hide()
	time.Sleep(2 * time.Second) // longer than it takes
	if hidden() {
		t.Error("the other one's commands lose theirs")
	}
	other.Hide()
	if gone(t, dir+"/.git"); len(names(t, dir)) != 1 {
		t.Errorf("%q", names(t, dir))
	}
	for range 2 {
		if !g.Show() || hidden() || !g.Holds() {
			t.Errorf("it does not come back: %q", names(t, dir))
		}
	}
	third := guard(t, dir)
	g.Hide()
	third.Hide()
	gone(t, dir+"/.git")
	git(t, dir, "init", "-q")
	if g.Show() || other.Show() {
		t.Error("it takes the place of the host's")
	}
	for _, g := range []*gitguard.Guard{g, other, third} {
		if notices := g.Release(); len(notices) > 0 {
			t.Errorf("%q", notices)
		}
	}
	if left := names(t, dir); len(left) != 1 || git(t, dir, "rev-parse", "--git-dir") != ".git\n" {
		t.Errorf("left: %q", left)
	}
}

// TestStagedSparesTheHost: a .git that the host has made meanwhile is not
// changed.
func TestStagedSparesTheHost(t *testing.T) {
	dir := t.TempDir()
	g := guard(t, dir)
	git(t, dir, "init", "-q")
	must(t, os.RemoveAll(dir+"/.git/hooks"))
	must(t, os.Symlink("../githooks", dir+"/.git/hooks"))
	if notices := g.Release(); len(notices) > 0 {
		t.Errorf("%q", notices)
	}
	if _, err := os.Lstat(dir + "/.git/hooks"); err != nil {
		t.Error(err)
	}
}

// TestStagedAndAnother: the host makes a repository meanwhile.
func TestStagedAndAnother(t *testing.T) {
	dir := t.TempDir()
	g := guard(t, dir)
	at := staged(t, dir, g)
	git(t, dir, "init", "-q", "--bare", at)
	git(t, dir, "init", "-q")
	if g.Holds() {
		t.Error("it holds")
	}
	notices := g.Release()
	moved, _ := filepath.Glob(dir + "/.git.moved-*/HEAD")
	if len(notices) != 1 || !strings.Contains(notices[0], "made on the host meanwhile") || len(moved) != 1 {
		t.Errorf("%q, %q", notices, moved)
	}
	if git(t, dir, "rev-parse", "--git-dir") != ".git\n" {
		t.Error("the host's repository is gone")
	}
}

// TestPlaceholders: git still works with them, commands cannot replace them,
// and they are removed with their last holder.
func TestPlaceholders(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	git(t, dir, "init", "-q", "lib")
	git(t, dir+"/lib", "commit", "-q", "--allow-empty", "-m", "x")
	git(t, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", dir+"/lib", "sub")
	git(t, dir, "commit", "-q", "-m", "x")
	git(t, dir, "clone", "-q", "--bare", ".", "bare.git")
	before := git(t, dir, "status")
	g, other := guard(t, dir), guard(t, dir)
	var got []string
	for _, p := range g.ReadOnly() {
		if filepath.Base(p) == "commondir" {
			got = append(got, p)
		}
	}
	if diff := cmp.Diff([]string{".git/commondir", ".git/modules/sub/commondir", "lib/.git/commondir"}, got); diff != "" {
		t.Error(diff)
	}
	for _, args := range [][]string{{"status"}, {"-C", "sub", "status", "--short"}, {"submodule", "status"}, {"worktree", "add", "-q", "../" + filepath.Base(dir) + "-tree"}, {"gc", "-q"}, {"fsck"}, {"worktree", "list"}, {"commit", "-q", "--allow-empty", "-m", "y"}, {"clone", "-q", ".", "copy"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		out, err := cmd.CombinedOutput()
		if err != nil || args[0] == "status" && string(out) != before {
			t.Errorf("git %q: %v: %s", args, err, out)
		}
	}
	must(t, os.RemoveAll(filepath.Dir(dir)+"/"+filepath.Base(dir)+"-tree"))
	g.Release()
	if _, err := os.Stat(dir + "/.git/commondir"); err != nil {
		t.Errorf("another server's: %v", err)
	}
	other.Release()
	for _, p := range got {
		if _, err := os.Lstat(filepath.Join(dir, p)); err == nil {
			t.Errorf("%s is left", p)
		}
	}
}

// TestSweep: a server was killed whose commands had made a repository, or none.
func TestSweep(t *testing.T) {
	tag := instance.Self().Tag()
	for _, made := range []bool{false, true} {
		dir := t.TempDir()
		git(t, dir, "init", "-q", "sub")
		g, err := gitguard.Prepare(dir, gitguard.Options{Placeholders: true})
		must(t, err)
		if made {
			git(t, dir, "init", "-q", "--bare", staged(t, dir, &g))
		}
		gitguard.Sweep(dir, "OTHER")
		if !g.Holds() {
			t.Error("it swept what is another's")
		}
		gitguard.Sweep(dir, tag)
		if _, err := os.Stat(dir + "/.git/HEAD"); (err == nil) != made {
			t.Errorf("made %t: %v", made, err)
		}
		g.Release()
		gitguard.Sweep(dir, tag)
		if _, err := os.Stat(dir + "/sub/.git/commondir"); err == nil {
			t.Error("a placeholder is left")
		}
		if left, _ := filepath.Glob(dir + "/.git/pygent-*"); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	}
}
