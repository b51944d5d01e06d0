package gitguard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/gitguard"
)

// TestLinksInRepositories: no link that a command makes in a repository makes
// git write a file of the user. The link is made in the workspace's repository,
// in a nested one, a submodule's, a worktree's and a bare one.
func TestLinksInRepositories(t *testing.T) {
	for _, name := range []string{
		"COMMIT_EDITMSG", "FETCH_HEAD", "ORIG_HEAD", "MERGE_MSG", "SQUASH_MSG", "TAG_EDITMSG", "HEAD", "index", "packed-refs", "shallow", "description",
		"logs", "logs/HEAD", "logs/refs/heads/main", "refs", "refs/heads/x/y", "refs/stash", "objects", "objects/info", "objects/info/packs", "info/sparse-checkout", "rr-cache/x/postimage", "NOTES_MERGE_MSG",
		"rebase-merge/message", "rebase-apply/next", "sequencer/head",
	} {
		for _, repo := range []string{".git", "sub/.git", ".git/modules/m", ".git/worktrees/w", "srv.git"} {
			dir, target := t.TempDir(), filepath.Join(t.TempDir(), "bashrc")
			files(t, filepath.Dir(target), map[string]string{"bashrc": "mine\n"})
			git(t, dir, "init", "-q", "-b", "main")
			files(t, dir, map[string]string{repo + "/HEAD": "ref: refs/heads/main\n", repo + "/objects/x": "", repo + "/refs/x": "", repo + "/config": ""})
			w := entered(t, dir)
			at := filepath.Join(dir, repo, name)
			must(t, os.RemoveAll(at))
			must(t, os.MkdirAll(filepath.Dir(at), 0o755))
			must(t, os.Symlink(target, at))
			whole := repo + "/" + name
			if found := fmt.Sprint(suspects(t, dir)); !strings.Contains(found, whole+" is a symbolic link") {
				t.Errorf("%s is no suspect: %s", whole, found)
			}
			if notices := w.Leave(); len(notices) != 1 && whole != ".git/index" || !strings.HasPrefix(notices[0], whole+" was moved to ") {
				t.Errorf("%s: %q", whole, notices)
			}
			if found := suspects(t, dir); len(found) > 0 {
				t.Errorf("%s stays: %v", whole, found)
			}
			if notices := again(t, w); len(notices) > 0 {
				t.Errorf("%s is told again: %q", whole, notices)
			}
		}
	}
}

// TestLinksAndGit runs git commit where a command has made a link.
func TestLinksAndGit(t *testing.T) {
	dir, target := t.TempDir(), filepath.Join(t.TempDir(), "bashrc")
	files(t, filepath.Dir(target), map[string]string{"bashrc": "mine\n"})
	git(t, dir, "init", "-q")
	w := entered(t, dir)
	must(t, os.Symlink(target, dir+"/.git/COMMIT_EDITMSG"))
	w.Leave()
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "theirs")
	if text, err := os.ReadFile(target); err != nil || string(text) != "mine\n" {
		t.Errorf("git wrote there: %q, %v", text, err)
	}
}

// TestLinksOfTheUser stay, and so do HEAD as old versions of git make it, what a
// worktree in a bare repository has, and a staged repository's own.
func TestLinksOfTheUser(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	git(t, dir, "init", "-q", "--bare", "srv.git")
	files(t, dir, map[string]string{".git/refs/heads/main": "", "srv.git/main/x": ""})
	must(t, os.RemoveAll(dir+"/.git/description"))
	must(t, os.Symlink("/no/such", dir+"/.git/description"))
	w := entered(t, dir)
	must(t, os.Remove(dir+"/.git/HEAD"))
	must(t, os.Symlink("refs/heads/main", dir+"/.git/HEAD"))
	must(t, os.Symlink("x", dir+"/srv.git/main/y"))
	must(t, os.Symlink("main", dir+"/srv.git/current"))
	if notices := w.Leave(); len(notices) > 0 {
		t.Errorf("%q", notices)
	}
	for _, at := range []string{".git/description", ".git/HEAD", "srv.git/main/y", "srv.git/current"} {
		if _, err := os.Readlink(filepath.Join(dir, at)); err != nil {
			t.Error(err)
		}
	}
}

// TestLinksAreNotPublished: the repository that commands made has none.
func TestLinksAreNotPublished(t *testing.T) {
	dir := t.TempDir()
	g := guard(t, dir)
	var staged string
	for _, p := range g.Parts {
		staged = filepath.Join(dir, p.Source())
	}
	files(t, staged, map[string]string{"HEAD": "ref: refs/heads/main\n", "objects/x": "", "refs/x": "", "modules/m/HEAD": "", "modules/m/logs/x": ""})
	must(t, os.Symlink("/no/such", staged+"/COMMIT_EDITMSG"))
	must(t, os.Symlink("/no/such", staged+"/modules/m/logs/HEAD"))
	if text := strings.Join(g.Release(), "\n"); !strings.Contains(text, ".git/COMMIT_EDITMSG was moved") || !strings.Contains(text, ".git/modules/m/logs/HEAD was moved") {
		t.Errorf("%s", text)
	}
}

// BenchmarkWatchRefs is the cost for each command in a repository with many
// branches.
func BenchmarkWatchRefs(b *testing.B) {
	dir := b.TempDir()
	texts := map[string]string{".git/HEAD": "ref: refs/heads/main\n"}
	refs := 10_000
	if testing.Short() {
		refs /= 10
	}
	for i := range refs {
		texts[fmt.Sprintf(".git/refs/heads/a%d/b%d", i%100, i)] = "x"
		texts[fmt.Sprintf(".git/logs/refs/heads/a%d/b%d", i%100, i)] = "x"
	}
	files(b, dir, texts)
	w := gitguard.NewWatch(dir, false)
	for b.Loop() {
		must(b, w.Enter(gitguard.Guard{}))
		if notices := w.Leave(); notices != nil {
			b.Fatal(notices)
		}
	}
}
