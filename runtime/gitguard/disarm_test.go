package gitguard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/gitguard"
)

// TestDisarm plants files that git runs, after the guard was made, and then
// runs git there.
func TestDisarm(t *testing.T) {
	for name, c := range map[string]struct {
		before, plant map[string]string // %RUN% is the program
		link          [2]string         // a symbolic link and its target
		where         string
		said          string
	}{
		"hook":              {plant: map[string]string{"*.git/hooks/pre-commit": "#!/bin/sh\n%RUN%\n"}, said: ".git/hooks/pre-commit was moved to pre-commit.moved-"},
		"hook by a link":    {link: [2]string{".git/hooks/pre-commit", "%RUN%"}, said: "is a hook"},
		"hooks by a link":   {plant: map[string]string{"*h/pre-commit": "#!/bin/sh\n%RUN%\n"}, link: [2]string{".git/hooks", "../h"}, said: ".git/hooks was moved"},
		"fsmonitor":         {plant: map[string]string{".git/config": "[user]\n\tname = me\n[core]\n\tfsmonitor = %RUN%\n"}, said: `sets "core.fsmonitor"`},
		"include":           {plant: map[string]string{".git/config": "[include] path = ../x\n", "x": "[core]\n\tfsmonitor = %RUN%\n"}, said: `sets "include.path"`},
		"hooksPath":         {plant: map[string]string{".git/config": "[core]\n\thooksPath = h\n", "*h/pre-commit": "#!/bin/sh\n%RUN%\n"}, said: `sets "core.hookspath"`},
		"worktree config":   {plant: map[string]string{".git/config": "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tworktreeConfig\n", ".git/config.worktree": "[core]\n\tfsmonitor = %RUN%\n"}, said: ".git/config.worktree was moved"},
		"config by a link":  {plant: map[string]string{"x": "[core]\n\tfsmonitor = %RUN%\n"}, link: [2]string{".git/config", "../x"}, said: ".git/config was moved"},
		"config, quoted":    {plant: map[string]string{".git/config": "\ufeff[CORE]\r\n\tfs\\\n"}, said: "cannot be understood"},
		"config, continued": {plant: map[string]string{".git/config": "[core] # \\\n fsmonitor = \"\\\n%RUN%\" ; x\n"}, said: `sets "core.fsmonitor"`},
		"commondir":         {plant: map[string]string{".git/commondir": "../e", "e/config": "[core]\n\tfsmonitor = %RUN%\n", "e/objects/x": "", "e/refs/x": ""}, said: ".git/commondir was moved to commondir.moved-"},
		"commondir of a repository": {
			before: map[string]string{".git/HEAD": "ref: refs/heads/main\n"},
			plant:  map[string]string{".git/commondir": "../e", "e/config": "[core]\n\tfsmonitor = %RUN%\n", "e/objects/x": "", "e/refs/x": ""}, said: ".git/commondir was moved to commondir.moved-",
		},
		"a file":          {plant: map[string]string{".git": "gitdir: e\n", "e/HEAD": "ref: refs/heads/main\n", "e/config": "[core]\n\tfsmonitor = %RUN%\n", "e/objects/x": "", "e/refs/x": ""}, said: ".git was moved to .git.moved-"},
		"a link":          {plant: map[string]string{"e/HEAD": "ref: refs/heads/main\n", "e/config": "[core]\n\tfsmonitor = %RUN%\n", "e/objects/x": "", "e/refs/x": ""}, link: [2]string{".git", "e"}, said: ".git was moved to .git.moved-"},
		"of a submodule":  {plant: map[string]string{".git/modules/s/HEAD": "ref: refs/heads/main\n", ".git/modules/s/config": "[core]\n\tfsmonitor = %RUN%\n\tworktree = ../../../s\n", ".git/modules/s/objects/x": "", ".git/modules/s/refs/x": "", "s/.git": "gitdir: ../.git/modules/s\n"}, where: "s", said: ".git/modules/s/config was moved"},
		"nested, another": {before: map[string]string{"sub/.git/HEAD": "ref: refs/heads/main\n"}, plant: map[string]string{"sub/.git/config": "[core]\n\tfsmonitor = %RUN%\n"}, where: "sub", said: "sub/.git/config was moved"},
	} {
		t.Run(name, func(t *testing.T) {
			run, ran := program(t)
			with := func(texts map[string]string) map[string]string {
				all := map[string]string{}
				for name, text := range texts {
					all[name] = strings.ReplaceAll(text, "%RUN%", run)
				}
				return all
			}
			dir := t.TempDir()
			files(t, dir, with(c.before))
			prepare(t, dir)
			w := entered(t, dir)
			if c.where != "" && c.before != nil {
				must(t, os.Rename(filepath.Join(dir, c.where), dir+"/old"))
			}
			at := filepath.Join(dir, c.where, ".git")
			if c.plant[".git"] == "" && c.link[0] != ".git" && c.plant["s/.git"] == "" {
				files(t, at, map[string]string{"HEAD": "ref: refs/heads/main\n", "objects/info/x": "", "refs/heads/x/y": ""})
				must(t, os.MkdirAll(filepath.Join(at, filepath.Dir(strings.TrimPrefix(c.link[0], ".git/"))), 0o755))
			} else if c.where == "s" {
				files(t, dir+"/.git", map[string]string{"HEAD": "ref: refs/heads/main\n", "objects/info/x": "", "refs/heads/x/y": ""})
			}
			files(t, dir, with(c.plant))
			if c.link[0] != "" {
				must(t, os.Symlink(strings.ReplaceAll(c.link[1], "%RUN%", run), filepath.Join(dir, c.link[0])))
			}
			notices := w.Leave()
			if text := strings.Join(notices, "\n"); !strings.Contains(text, c.said) || len(notices) != 1+strings.Count(text, "e/config was moved") {
				t.Errorf("%q is not said: %s", c.said, text)
			}
			where := filepath.Join(dir, c.where)
			git(t, where, "status")
			git(t, where, "commit", "-q", "--allow-empty", "-m", "x")
			if ran() {
				t.Error("git ran it")
			}
			if again := again(t, w); len(again) > 0 {
				t.Errorf("said again: %q", again)
			}
		})
	}
}

// TestDisarmWhatCannotBeGuarded: such a file would prevent preparing the guard
// anew.
func TestDisarmWhatCannotBeGuarded(t *testing.T) {
	for _, c := range []struct{ script, moved string }{
		{"ln -s x .git/worktrees", ".git/worktrees"},
		{"mkfifo .git/worktrees", ".git/worktrees"},
		{"rm -rf .git/info; ln -s ../x .git/info; mkdir x; touch x/attributes", ".git/info"},
		{"mkdir -p .git/info; rm -f .git/info/attributes; ln -s ../../x .git/info/attributes", ".git/info/attributes"},
		{"ln -s x .git/modules", ".git/modules"},
		{"mkdir -p .git/modules/x; touch .git/modules/x/HEAD; ln -s y .git/modules/x/hooks", ".git/modules/x/hooks"},
	} {
		dir := t.TempDir()
		git(t, dir, "init", "-q")
		prepare(t, dir)
		w := entered(t, dir)
		cmd := exec.Command("sh", "-c", c.script)
		cmd.Dir = dir
		must(t, cmd.Run())
		notices := w.Leave()
		if len(notices) != 1 || !strings.HasPrefix(notices[0], c.moved+" was moved to "+filepath.Base(c.moved)+".moved-") {
			t.Errorf("%s: %q", c.script, notices)
		}
		g := prepare(t, dir)
		if notices := again(t, w); len(notices) > 0 || !g.Holds() {
			t.Errorf("%s: afterwards: %q", c.script, notices)
		}
	}
	// Files that were there before are the user's.
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	must(t, os.Symlink("x", dir+"/.git/worktrees"))
	_, err := gitguard.Prepare(dir, gitguard.Options{})
	if notices := entered(t, dir).Leave(); err == nil || len(notices) > 0 {
		t.Errorf("%v, %q", err, notices)
	}
}

// TestDisarmWhatTheHostReplaced: a mount stays with its old file, and a running
// command can write to the new one.
func TestDisarmWhatTheHostReplaced(t *testing.T) {
	run, ran := program(t)
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	git(t, dir, "config", "alias.mine", "!true")
	files(t, dir, map[string]string{"*.git/hooks/pre-push": "#!/bin/sh\n"})
	prepare(t, dir)
	w := entered(t, dir)
	git(t, dir, "config", "branch.main.remote", "origin")
	must(t, w.Enter(gitguard.Guard{})) // a second command
	if notices := w.Leave(); len(notices) > 0 {
		t.Errorf("for what is harmless or was there: %q", notices)
	}
	config, err := os.OpenFile(dir+"/.git/config", os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = config.WriteString("[core]\n\tfsmonitor = " + run + "\n")
	must(t, err)
	must(t, config.Close())
	must(t, os.Rename(dir+"/.git/hooks", dir+"/hooks"))
	files(t, dir, map[string]string{"*.git/hooks/pre-push": "#!/bin/sh\n", "*.git/hooks/pre-commit": "#!/bin/sh\n" + run + "\n"})
	notices := w.Leave()
	text := strings.Join(notices, "\n")
	if len(notices) != 2 || !strings.Contains(text, `sets "core.fsmonitor"`) || !strings.Contains(text, "hooks/pre-commit was moved") {
		t.Errorf("%s", text)
	}
	git(t, dir, "status")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "x")
	if ran() {
		t.Error("git ran it")
	}
	if list := git(t, dir, "config", "--list"); !strings.Contains(list, "alias.mine=!true\n") || !strings.Contains(list, "branch.main.remote=origin\n") {
		t.Errorf("the user's settings are gone: %s", list)
	}
	if again := again(t, w); len(again) > 0 {
		t.Errorf("said again: %q", again)
	}
}

// TestDisarmSparesOrdinaryRepositories: git init in a workspace is allowed.
func TestDisarmSparesOrdinaryRepositories(t *testing.T) {
	dir := t.TempDir()
	w := entered(t, dir)
	git(t, dir, "init", "-q")
	git(t, dir, "remote", "add", "origin", "https://example.org/a/b.git")
	git(t, dir, "config", "user.name", "me")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", "x")
	git(t, dir, "worktree", "add", "-q", "tree")
	git(t, dir, "init", "-q", "lib")
	git(t, dir+"/lib", "commit", "-q", "--allow-empty", "-m", "x")
	git(t, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", dir+"/lib", "sub")
	before := git(t, dir, "config", "--list")
	must(t, w.Enter(gitguard.Guard{})) // a second command
	if notices := w.Leave(); len(notices) != 1 || !strings.Contains(notices[0], "changed, look at them before a program of yours uses them: \".gitmodules\" (") {
		t.Errorf("%q", notices)
	}
	git(t, dir, "config", "alias.x", "!evil")
	notices := w.Leave()
	if len(notices) != 1 || !strings.Contains(notices[0], `sets "alias.x"`) {
		t.Errorf("%q", notices)
	}
	if after := git(t, dir, "config", "--list"); after != before {
		t.Errorf("other settings changed:\n%s\nnow:\n%s", before, after)
	}
}
