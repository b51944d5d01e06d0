package gitguard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/gitguard"
)

// gone waits until a file does not exist any more.
func gone(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Lstat(name); err != nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s stays", name)
		}
	}
}

const evil = "[core]\n\tfsmonitor = ./evil\n"

// TestWatchWhileCommandsRun: files that a job makes below the workspace and git
// would run are moved away while the job runs, each time again, and reported at
// the next command's end.
func TestWatchWhileCommandsRun(t *testing.T) {
	for name, texts := range map[string]map[string]string{
		"a repository":      {"sub/.git/HEAD": "ref: x\n", "sub/.git/config": evil},
		"a hook":            {"sub/.git/HEAD": "ref: x\n", "*sub/.git/hooks/post-checkout": "x"},
		"a bare repository": {"a/srv.git/HEAD": "ref: x\n", "a/srv.git/objects/x": "", "a/srv.git/refs/x": "", "a/srv.git/config": evil},
		"a file":            {"sub/.git": "gitdir: ../else\n", "else/HEAD": "ref: x\n", "else/config": evil},
		"a deep file":       {"sub/.git": "gitdir: ../.git/lfs/x\n", ".git/lfs/x/HEAD": "ref: x\n", ".git/lfs/x/config": evil},
		"a submodule":       {".git/modules/m/HEAD": "ref: x\n", ".git/modules/m/config": evil},
		"a worktree":        {".git/worktrees/w/HEAD": "ref: x\n", ".git/worktrees/w/config.worktree": evil, ".git/worktrees/w/commondir": "../..\n"},
		"in node_modules":   {"node_modules/p/.git/HEAD": "ref: x\n", "node_modules/p/.git/config": evil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for several searches
			dir := t.TempDir()
			git(t, dir, "init", "-q")
			w := entered(t, dir)
			for range 2 {
				files(t, dir, texts)
				for file, text := range texts {
					switch {
					case file[0] == '*':
						gone(t, filepath.Join(dir, file[1:]))
					case text == evil:
						disarmed(t, filepath.Join(dir, file))
					}
				}
			}
			must(t, w.Enter(gitguard.Guard{})) // another command
			if notices := w.Leave(); len(notices) != 2 || !strings.Contains(notices[0], " was moved to ") {
				t.Errorf("%q", notices)
			}
			if notices := w.Leave(); len(notices) > 0 {
				t.Errorf("told again: %q", notices)
			}
		})
	}
}

func disarmed(t *testing.T, config string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(config); err == nil && !strings.Contains(string(text), "fsmonitor") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s stays", config)
		}
	}
}

// TestWatchSparesTheUser: files that exist before the first command, or are
// made while no command runs, are the user's.
func TestWatchSparesTheUser(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q", "old")
	git(t, dir, "config", "--file", "old/.git/config", "core.fsmonitor", "./mine")
	w := entered(t, dir)
	if notices := w.Leave(); len(notices) > 0 {
		t.Errorf("%q", notices)
	}
	git(t, dir, "init", "-q", "new")
	files(t, dir, map[string]string{"*new/.git/hooks/pre-commit": "mine", "*old/.git/hooks/pre-commit": "mine", ".vscode/tasks.json": "{}"})
	must(t, w.Enter(gitguard.Guard{}))
	if notices := w.Leave(); len(notices) > 0 {
		t.Errorf("%q", notices)
	}
	must(t, w.Enter(gitguard.Guard{}))
	files(t, dir, map[string]string{"*new/.git/hooks/pre-commit": "theirs", "*old/.git/hooks/pre-commit": "theirs"})
	notices := w.Leave()
	if len(notices) != 2 {
		t.Errorf("%q", notices)
	}
	if list := git(t, dir+"/old", "config", "--list"); !strings.Contains(list, "core.fsmonitor=./mine") {
		t.Errorf("the user's setting is gone: %s", list)
	}
}

// TestWatchSparesKeptParts: while a job runs the user makes a hook and a
// setting in parts that commands have read-only.
func TestWatchSparesKeptParts(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	w := gitguard.NewWatch(dir, false)
	must(t, w.Enter(*guard(t, dir)))
	files(t, dir, map[string]string{"*.git/hooks/pre-commit": "mine"})
	config, err := os.OpenFile(dir+"/.git/config", os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = config.WriteString("[alias]\n\tmine = !true\n")
	must(t, err)
	must(t, config.Close())
	if notices := w.Leave(); len(notices) > 0 {
		t.Errorf("%q", notices)
	}
}

// TestWatchSparesMoved: a repository of the user stays unchanged when a command
// moves it, or makes so many directories that it is not searched for a time.
func TestWatchSparesMoved(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q", "z/z/z/repo")
	git(t, dir+"/z/z/z/repo", "config", "alias.mine", "!true")
	files(t, dir, map[string]string{"*z/z/z/repo/.git/hooks/pre-commit": "mine"})
	w := entered(t, dir)
	must(t, os.Rename(dir+"/z/z/z/repo", dir+"/z/z/z/other"))
	must(t, w.Enter(gitguard.Guard{}))
	if notices := w.Leave(); len(notices) > 0 {
		t.Errorf("moved: %q", notices)
	}
	for i := range 4100 {
		must(t, os.Mkdir(fmt.Sprintf("%s/%d", dir, i), 0o755))
	}
	must(t, w.Enter(gitguard.Guard{}))
	w.Leave() // reports that not all is searched
	for i := range 4100 {
		must(t, os.Remove(fmt.Sprintf("%s/%d", dir, i)))
	}
	if notices := w.Leave(); len(notices) > 0 {
		t.Errorf("out of view: %q", notices)
	}
}

// TestWatchSparesWhatWasOutOfView: not all could be searched before the
// command, and the command makes the search reach the user's repositories.
func TestWatchSparesWhatWasOutOfView(t *testing.T) {
	dir := t.TempDir()
	for i := range 4100 {
		must(t, os.Mkdir(fmt.Sprintf("%s/%d", dir, i), 0o755))
	}
	git(t, dir, "init", "-q", "0/z/repo")
	files(t, dir, map[string]string{"*0/z/repo/.git/hooks/pre-commit": "mine", "0/z/.envrc": ""})
	time.Sleep(100 * time.Millisecond) // longer than the resolution of file systems' times
	w := entered(t, dir)
	for i := range 4100 {
		if i > 0 {
			must(t, os.Remove(fmt.Sprintf("%s/%d", dir, i)))
		}
	}
	files(t, dir, map[string]string{"new/.git/HEAD": "ref: x\n", "new/.git/config": evil})
	if notices := w.Leave(); len(notices) != 2 || !strings.HasPrefix(notices[1], "new/.git/config was moved") || !strings.Contains(notices[0], "4000 directories") {
		t.Errorf("%q", notices)
	}
}

// TestWatchRoot: the workspace itself becomes a bare repository, beside a .git that
// git does not take for one any more.
func TestWatchRoot(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	w := entered(t, dir)
	must(t, os.Rename(dir+"/.git/HEAD", dir+"/.git/H"))
	files(t, dir, map[string]string{"HEAD": "ref: refs/heads/main\n", "objects/x": "", "refs/x": "", "config": evil})
	gone(t, dir+"/HEAD")
	if text := strings.Join(w.Leave(), "\n"); !strings.Contains(text, "HEAD was moved to HEAD.moved-") {
		t.Errorf("%s", text)
	}
}

// TestWatchPointers: a .git that leads to a directory that commands can write
// is moved away.
func TestWatchPointers(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	git(t, outside, "init", "-q")
	git(t, dir, "init", "-q", "main")
	git(t, dir+"/main", "commit", "-q", "--allow-empty", "-m", "x")
	w := entered(t, dir)
	must(t, os.MkdirAll(dir+"/link", 0o755))
	must(t, os.Symlink(outside+"/.git", dir+"/link/.git"))
	files(t, dir, map[string]string{
		"file/.git":      "gitdir: " + outside + "/.git\n",
		"round/.git":     "gitdir: ../link/../x\n",
		"proc/.git":      "gitdir: /proc/self/cwd/x\n",
		"container/.git": "gitdir: /workspace/main/.git\n", // is not there on the host
	})
	git(t, dir+"/main", "worktree", "add", "-q", "../tree")
	text := strings.Join(w.Leave(), "\n")
	for _, at := range []string{"file", "link", "round", "proc"} {
		if !strings.Contains(text, at+"/.git was moved to .git.moved-") {
			t.Errorf("%s is not moved: %s", at, text)
		}
	}
	if n := strings.Count(text, "\n") + 1; n != 4 {
		t.Errorf("%d notices: %s", n, text)
	}
	if git(t, dir+"/tree", "status", "--short") != "" {
		t.Error("the worktree does not work")
	}
}

// TestWatchTellsProtected: files that other programs run are reported, and
// stay.
func TestWatchTellsProtected(t *testing.T) {
	dir := t.TempDir()
	files(t, dir, map[string]string{".vscode/settings.json": "{}", ".envrc": "x", "a/.vimrc": "x"})
	w := entered(t, dir)
	files(t, dir, map[string]string{".vscode/settings.json": "{ }", ".envrc": "x", "b/.vscode/tasks.json": "{}", "c.txt": ""})
	must(t, os.Remove(dir+"/a/.vimrc"))
	notices := w.Leave()
	if len(notices) != 1 {
		t.Fatalf("%q", notices)
	}
	for name, told := range map[string]bool{`".vscode/settings.json"`: true, `"b/.vscode/tasks.json"`: true, `".envrc" (`: true, "a/.vimrc": false, "c.txt": false} {
		if strings.Contains(notices[0], name) != told {
			t.Errorf("%s told %t: %s", name, !told, notices[0])
		}
	}
	if notices := again(t, w); len(notices) > 0 {
		t.Errorf("told again: %q", notices)
	}
	must(t, w.Enter(gitguard.Guard{}))
	for i := range 30 {
		files(t, dir, map[string]string{fmt.Sprintf("m%02d/.envrc", i): "", fmt.Sprintf("node_modules/%02d/.envrc", i): ""})
	}
	if notices := w.Leave(); len(notices) != 1 || !strings.Contains(notices[0], `"m02/.envrc" and 27 more (`) || strings.Contains(notices[0], "node_modules") {
		t.Errorf("%q", notices)
	}
}

// TestWatchIsBounded: unsearched directories are reported, once.
func TestWatchIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 4100 {
		must(t, os.Mkdir(fmt.Sprintf("%s/%d", dir, i), 0o755))
	}
	w := entered(t, dir)
	if notices := w.Leave(); len(notices) != 1 || !strings.Contains(notices[0], "4000 directories") {
		t.Errorf("%q", notices)
	}
	if notices := again(t, w); len(notices) > 0 {
		t.Errorf("%q", notices)
	}
	must(t, os.RemoveAll(dir))
	if notices := again(t, w); len(notices) > 0 {
		t.Errorf("a workspace that is gone: %q", notices)
	}
}
