package gitguard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// rebasing is a repository in which a rebase has stopped, as git leaves it.
func rebasing(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "-b", "main")
	for _, name := range []string{"a", "b", "c"} {
		files(t, dir, map[string]string{name: name})
		git(t, dir, "add", name)
		git(t, dir, "commit", "-q", "-m", name)
	}
	t.Setenv("GIT_SEQUENCE_EDITOR", "sed -i 1s/^pick/edit/")
	git(t, dir, "rebase", "-q", "-i", "HEAD~2")
	if _, err := os.Stat(dir + "/.git/rebase-merge/git-rebase-todo"); err != nil {
		t.Fatal("git does not stop: ", err)
	}
	return dir
}

// TestSequencer: lines that a command adds to a running rebase are removed, and
// the rebase can continue.
func TestSequencer(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string // %RUN% is the program; it is put before what the file has
		said       string
	}{
		"exec":           {".git/rebase-merge/git-rebase-todo", "exec %RUN%\n", "rebase-merge/git-rebase-todo was moved to git-rebase-todo.moved-"},
		"exec, short":    {".git/rebase-merge/git-rebase-todo", "\t x\t%RUN%\n", "has exec lines"},
		"a strategy":     {".git/rebase-merge/strategy", "../../%RUN%", "rebase-merge/strategy was moved"},
		"unsafe patches": {".git/rebase-apply/apply-opt", "'--unsafe-paths'", "rebase-apply/apply-opt was moved"},
		"options":        {".git/sequencer/opts", "[options]\n\tstrategy = x/y\n", "sequencer/opts was moved"},
		"picks":          {".git/sequencer/todo", "exec %RUN%\n", "sequencer/todo was moved"},
	} {
		t.Run(name, func(t *testing.T) {
			run, ran := program(t)
			dir := rebasing(t)
			w := entered(t, dir)
			if notices := again(t, w); len(notices) > 0 {
				t.Fatalf("for git's own: %q", notices)
			}
			before, _ := os.ReadFile(filepath.Join(dir, c.file))
			files(t, dir, map[string]string{c.file: strings.ReplaceAll(c.text, "%RUN%", run) + string(before)})
			if text := strings.Join(w.Leave(), "\n"); !strings.Contains(text, c.said) || strings.Count(text, "\n") > 0 {
				t.Errorf("%q is not said: %s", c.said, text)
			}
			if out := git(t, dir, "rebase", "--continue"); ran() {
				t.Errorf("git ran it: %s", out)
			}
			if strings.Contains(c.file, "rebase-merge") && git(t, dir, "log", "--format=%s") != "c\nb\na\n" {
				t.Error("the rebase did not go on")
			}
		})
	}
}

// TestSequencerInvented: a rebase that git did not begin is moved away as a
// whole.
func TestSequencerInvented(t *testing.T) {
	for name, script := range map[string]string{
		"a directory": `mkdir .git/rebase-merge; cd .git/rebase-merge; touch interactive; echo "exec $RUN" >git-rebase-todo; git rev-parse HEAD >onto; cp onto orig-head; echo refs/heads/main >head-name; echo 1 >msgnum; echo 1 >end; touch done`,
		"a link":      `mkdir r; echo "exec $RUN" >r/git-rebase-todo; ln -s ../r .git/rebase-merge`,
		"a rename":    `mkdir r; echo "exec $RUN" >r/git-rebase-todo; mv r .git/rebase-merge`,
	} {
		t.Run(name, func(t *testing.T) {
			run, ran := program(t)
			dir := t.TempDir()
			git(t, dir, "init", "-q", "-b", "main")
			git(t, dir, "commit", "-q", "--allow-empty", "-m", "x")
			w := entered(t, dir)
			cmd := exec.Command("sh", "-c", script)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "RUN="+run)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			text := strings.Join(w.Leave(), "\n")
			if !strings.Contains(text, ".git/rebase-merge was moved to rebase-merge.moved-") {
				t.Errorf("%s", text)
			}
			if out := git(t, dir, "rebase", "--continue"); ran() || !strings.Contains(out, "o rebase in progress") {
				t.Errorf("ran %t: %s", ran(), out)
			}
			if notices := again(t, w); len(notices) > 0 {
				t.Errorf("said again: %q", notices)
			}
		})
	}
}

// TestSequencerOfTheUser: exec lines that were there before the command stay.
func TestSequencerOfTheUser(t *testing.T) {
	dir := rebasing(t)
	todo := dir + "/.git/rebase-merge/git-rebase-todo"
	before, err := os.ReadFile(todo)
	must(t, err)
	must(t, os.WriteFile(todo, append(before, "exec true\n"...), 0o644))
	w := entered(t, dir)
	must(t, os.WriteFile(todo, append(append([]byte("exec false\n"), before...), "exec true\n"...), 0o644))
	if notices := w.Leave(); len(notices) != 1 {
		t.Errorf("%q", notices)
	}
	if after, _ := os.ReadFile(todo); string(after) != string(before)+"exec true\n" {
		t.Errorf("%q", after)
	}
}
