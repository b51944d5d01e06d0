package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// git runs the host's git, which the guard protects.
func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("git %v: %v: %s", args, err, out) // an attack can break a repository
	}
}

// hooked is a script for the host's git to run, and says whether it did.
func hooked(t *testing.T) (script string, ran func() bool) {
	mark := filepath.Join(t.TempDir(), "ran")
	return "#!/bin/sh\ntouch " + mark + "\n", func() bool { _, err := os.Stat(mark); return err == nil }
}

// TestGitCommonDir: a command cannot make one, and where git would not work with
// the placeholder, it is moved away.
func TestGitCommonDir(t *testing.T) {
	for _, how := range []string{"", "exit 3", "sleep 600", "worktree"} {
		t.Run(how, func(t *testing.T) {
			ws := workspace(t)
			git(t, ws.Dir(), "init", "-q")
			want := "can't create .git/commondir: Read-only file system"
			if how == "worktree" {
				git(t, ws.Dir(), "config", "core.worktree", "..")
				how, want = "", "[.git/commondir was moved to commondir.moved-"
			}
			script, ran := hooked(t)
			e := executor(t, ws, Options{})
			plant := fmt.Sprintf("cp -r .git evil; rm -rf evil/hooks; printf '%%s' '%s' >fs.sh; chmod +x fs.sh; printf '[core]\n\tfsmonitor = %s\n' >>evil/config; echo ../evil >.git/commondir; echo planted; %s",
				script, filepath.Join(ws.Dir(), "fs.sh"), how)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var out bytes.Buffer
			_, _ = e.Exec(ctx, runtime.Command{Script: plant}, writerFunc(func(p []byte) (int, error) {
				out.Write(p)
				if how == "sleep 600" && bytes.Contains(out.Bytes(), []byte("planted")) {
					cancel()
				}
				return len(p), nil
			}))
			if !strings.Contains(out.String(), "planted\n") || !strings.Contains(out.String(), want) {
				t.Errorf("output: %q", out.String())
			}
			git(t, ws.Dir(), "status")
			if ran() {
				t.Error("the host's git ran what a command wrote")
			}
			if out, _ := sh(t, e, "true"); out != "" {
				t.Errorf("the next command: %q", out)
			}
		})
	}
}

// withSubmodule makes a repository with that of a submodule, a/m, in it.
func withSubmodule(t *testing.T, dir string) {
	git(t, dir, "init", "-q")
	if err := os.MkdirAll(filepath.Join(dir, ".git/modules/a"), 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q", "--template=", "--separate-git-dir", ".git/modules/a/m", "m")
	if _, err := os.Stat(filepath.Join(dir, ".git/modules/a/m/HEAD")); err != nil {
		t.Fatal(err)
	}
}

// TestGitGuard has a command plant files that the host's git would run, and
// then runs git commit on the host. before is what the host does first, first
// is an earlier command.
func TestGitGuard(t *testing.T) {
	const hook = `mkdir -p .git/hooks; cat hook >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit`
	const config = `cp hook pre-commit; chmod +x pre-commit; printf '[core]\n\thooksPath = %s\n' "$DIR" >>.git/config`
	const submodule = `cd .git/modules/a/m && mkdir -p hooks; cat ../../../../hook >hooks/pre-commit; chmod +x hooks/pre-commit`
	for name, tc := range map[string]struct {
		before       func(t *testing.T, dir string)
		first        string
		between      func(t *testing.T, dir string)
		plant, where string
	}{
		"no hooks directory": {
			before: func(t *testing.T, dir string) { git(t, dir, "init", "-q", "--template=") },
			plant:  hook,
		},
		"no configuration": {
			before: func(t *testing.T, dir string) {
				git(t, dir, "init", "-q")
				if err := os.Remove(filepath.Join(dir, ".git/config")); err != nil {
					t.Fatal(err)
				}
			},
			plant: config,
		},
		"made by a command": {
			before: func(t *testing.T, dir string) { git(t, dir, "init", "-q", "seed") },
			first:  "cp -r seed/.git/. .git",
			plant:  hook,
		},
		"made by the host": {
			between: func(t *testing.T, dir string) { git(t, dir, "init", "-q") },
			plant:   hook,
		},
		"configuration replaced by the host": {
			before:  func(t *testing.T, dir string) { git(t, dir, "init", "-q") },
			between: func(t *testing.T, dir string) { git(t, dir, "config", "a.b", "c") },
			plant:   config,
		},
		"submodule": {
			before: withSubmodule,
			plant:  submodule, where: "m",
		},
		"submodule, made no repository first": {
			before: withSubmodule,
			first:  "mkdir kept; cd .git/modules/a/m; mv HEAD objects refs ../../../../kept",
			plant:  "mv kept/* .git/modules/a/m; " + submodule, where: "m",
		},
		"submodule, its directory replaced": {
			before: withSubmodule,
			plant:  "cd .git; mv modules x && cp -r x modules; mv modules/a y && cp -r y modules/a; mv modules/a/m z && cp -r z modules/a/m; cd ..;" + submodule, where: "m",
		},
	} {
		t.Run(name, func(t *testing.T) {
			ws := workspace(t)
			script, ran := hooked(t)
			if err := os.WriteFile(filepath.Join(ws.Dir(), "hook"), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			if tc.before != nil {
				tc.before(t, ws.Dir())
			}
			e := executor(t, ws, Options{})
			sh(t, e, ":; "+tc.first)
			if tc.between != nil {
				tc.between(t, ws.Dir())
			}
			out, _ := sh(t, e, "DIR="+ws.Dir()+"; "+tc.plant)
			git(t, filepath.Join(ws.Dir(), tc.where), "commit", "-q", "--allow-empty", "-m", "x")
			if ran() {
				t.Errorf("the host's git ran what a command wrote: %s", out)
			}
		})
	}
}

// TestGitChangeWaitsForCommands lets the host make a repository while a command runs.
func TestGitChangeWaitsForCommands(t *testing.T) {
	ws := workspace(t)
	e := executor(t, ws, Options{})
	sh(t, e, "true")
	old := e.Info().ContainerID
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		exit, err := e.Exec(context.Background(), runtime.Command{Script: "echo; until [ -e go ]; do sleep 0.1; done; exit 4"}, onceWriter(started))
		if err == nil && exit.Code != 4 {
			err = fmt.Errorf("exit %+v", exit)
		}
		ended <- err
	}()
	<-started
	git(t, ws.Dir(), "init", "-q")
	ctx, cancel := context.WithCancel(context.Background())
	next := make(chan error, 1)
	go func() {
		var out bytes.Buffer
		_, err := e.Exec(ctx, runtime.Command{Script: "touch ran"}, &out)
		if out.String() != "\n["+waitForGit+"]\n" {
			t.Errorf("output of the one that waits: %q", out.String())
		}
		next <- err
	}()
	eventually(t, "the next command waits", 10*time.Second, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.current.idle != nil
	})
	cancel()
	if err := <-next; !errors.Is(err, context.Canceled) {
		t.Errorf("a command in a container that does not guard .git: %v", err)
	}
	if err := os.WriteFile(filepath.Join(ws.Dir(), "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the one that ran meanwhile: %v", err)
	}
	if out, _ := sh(t, e, "[ -e ran ] || touch .git/hooks/x 2>/dev/null || echo held"); out != "held\n" {
		t.Errorf("the next command: %q", out)
	}
	if e.Info().ContainerID == old {
		t.Error("the container is the old one")
	}
}

// TestGitMadeByACommandIsDisarmed: the hooks and settings of the very command that
// made .git do not stay, and those of a nested repository are guarded.
func TestGitMadeByACommandIsDisarmed(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		ws := workspace(t)
		script, ran := hooked(t)
		git(t, ws.Dir(), "init", "-q", "sub")
		if err := os.WriteFile(filepath.Join(ws.Dir(), "hook"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		e := executor(t, ws, w.with(Options{}))
		const plant = "; mkdir -p .git/hooks; cp hook .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; printf '[core]\\n\\tfsmonitor = %s\\n' \"$DIR/hook\" >>.git/config; "
		out, _ := sh(t, e, "DIR="+ws.Dir()+"; mkdir -p .git; cp -r sub/.git/. .git"+plant+"cd sub"+plant+":")
		for _, want := range []string{"[.git/hooks/pre-commit was moved to pre-commit.moved-", "[.git/config was moved to config.moved-", "the rest of it stays"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing: %s", want, out)
			}
		}
		sh(t, e, "DIR="+ws.Dir()+plant+":")
		for _, dir := range []string{"", "sub"} {
			git(t, filepath.Join(ws.Dir(), dir), "status")
			git(t, filepath.Join(ws.Dir(), dir), "commit", "-q", "--allow-empty", "-m", "x")
			if ran() {
				t.Fatalf("the host's git ran what a command wrote in %q: %s", dir, out)
			}
		}
	})
}

// TestUnguardableIsMoved: a command must not be able to prevent all other
// commands from running.
func TestUnguardableIsMoved(t *testing.T) {
	eachCommandWay(t, func(t *testing.T, w way) {
		e := executor(t, repository(t), w.with(Options{}))
		out, _ := sh(t, e, "ln -s x .git/worktrees; mkdir -p .git/modules/x; touch .git/modules/x/HEAD; mkfifo .git/modules/x/config")
		for _, part := range []string{".git/worktrees", ".git/modules/x/config"} {
			if !strings.Contains(out, part+" was moved to ") {
				t.Errorf("%s: %q", part, out)
			}
		}
		if out, _ := sh(t, e, "echo next"); !strings.HasSuffix(out, "next\n") {
			t.Errorf("the next command: %q", out)
		}
	})
}
