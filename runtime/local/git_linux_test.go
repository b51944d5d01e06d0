package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

// next is a runtime with a new supervisor in the workspace of another.
func next(t *testing.T, rt *runtime.Runtime) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.OpenWorkspace(rt.Workspace().Dir(), runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rt = runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxStrong, StateDir: t.TempDir()}), runtime.Options{})
	cleanup(t, rt)
	return rt
}

// try runs a command that is to end well, or not.
func try(t *testing.T, rt *runtime.Runtime, cmd string, works bool) {
	t.Helper()
	res := rt.Bash(t.Context(), cmd, runtime.BashOptions{})
	if res.ExitCode == nil || (*res.ExitCode == 0) != works {
		t.Errorf("should work %t: %s", works, res.Text)
	}
}

// TestGitLinksAreNotFollowed: a command leaves a link for the next supervisor,
// which reads and writes outside of the sandbox.
func TestGitLinksAreNotFollowed(t *testing.T) {
	for _, c := range []struct {
		name, cmd string
		refused   string // the culprit; or else the link is left alone
	}{
		{"modules", "rm -rf .git/modules && ln -s OUTSIDE .git/modules", ".git/modules is a symbolic link"},
		{"a module", "mkdir -p .git/modules && ln -s OUTSIDE/repo .git/modules/repo", ""},
		{"modules of a module", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && ln -s OUTSIDE .git/modules/x/modules", "x/modules is a symbolic link"},
		{"hooks of a module", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && ln -s OUTSIDE .git/modules/x/hooks", "hooks is a symbolic link"},
		{"config of a module", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && ln -s OUTSIDE/repo/secret .git/modules/x/config", "config is a symbolic link"},
		{"special", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && mkfifo .git/modules/x/config", "config is a special file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			outside := t.TempDir()
			if err := os.Mkdir(outside+"/repo", 0o755); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"HEAD", "secret"} {
				if err := os.WriteFile(outside+"/repo/"+name, []byte("secret"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			rt := newConfined(t, runtime.SandboxStrong)
			cleanup(t, rt)
			if err := os.Mkdir(rt.Workspace().Dir()+"/.git", 0o755); err != nil {
				t.Fatal(err)
			}
			try(t, rt, strings.ReplaceAll(c.cmd, "OUTSIDE", outside), true)
			res := next(t, rt).Bash(t.Context(), "cat "+outside+"/repo/secret", runtime.BashOptions{})
			if strings.HasSuffix(strings.TrimSpace(res.Text), "\nsecret") || res.ExitCode != nil && *res.ExitCode == 0 {
				t.Errorf("read outside: %s", res.Text)
			}
			if refused := errors.Is(res.Err, runtime.ErrUnavailable); refused != (c.refused != "") || !strings.Contains(res.Text, c.refused) {
				t.Errorf("%q: %s", c.refused, res.Text)
			}
			made, _ := filepath.Glob(outside + "/*/*")
			if top, _ := filepath.Glob(outside + "/*"); len(top) != 1 || len(made) != 2 {
				t.Errorf("made outside: %q %q", top, made)
			}
		})
	}
}

// TestGitGuardedWithoutHEAD: to take HEAD away does not lift the guards.
func TestGitGuardedWithoutHEAD(t *testing.T) {
	rt := newRepo(t, runtime.SandboxStrong, runtime.Limits{})
	try(t, rt, "mv .git/HEAD .git/H; mv .git/modules/sub/HEAD .git/modules/sub/H", true)
	rt = next(t, rt)
	try(t, rt, "test -e .git/H && test -e .git/modules/sub/H", true)
	try(t, rt, "mv .git/modules/sub .git/modules/other", false)
	for _, repo := range []string{".git", ".git/modules/sub"} {
		try(t, rt, "echo x >>"+repo+"/config", false)
		try(t, rt, "echo x >"+repo+"/hooks/update", false)
	}
}

// TestGitMadeDuringTheSession is guarded from the next command on; one that runs
// meanwhile is not ended for it.
func TestGitMadeDuringTheSession(t *testing.T) {
	rt := newConfined(t, runtime.SandboxStrong)
	cleanup(t, rt)
	job, err := rt.Start("until test -e done; do sleep 0.05; done", runtime.JobOptions{})
	if err != nil {
		t.Fatal(err)
	}
	try(t, rt, "mkdir -p .git/hooks && echo '[core]' >.git/config && echo ref: refs/heads/main >.git/HEAD", true)
	try(t, rt, "touch .git/while", true)
	if !job.State().Running {
		t.Fatalf("the job was ended: %s", job.State().Result.Text)
	}
	try(t, rt, "touch done", true)
	<-job.Done()
	try(t, rt, "echo x >>.git/config", false)
	try(t, rt, "echo x >.git/hooks/update", false)
}

// TestGitConfigReplacedOnTheHost: the guard of a file goes with the file.
func TestGitConfigReplacedOnTheHost(t *testing.T) {
	rt := newRepo(t, runtime.SandboxStrong, runtime.Limits{})
	try(t, rt, "echo x >>.git/config", false)
	git := rt.Workspace().Dir() + "/.git/"
	if err := os.WriteFile(git+"config.lock", []byte("[core]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(git+"config.lock", git+"config"); err != nil {
		t.Fatal(err)
	}
	try(t, rt, "echo x >>.git/config", false)
	try(t, rt, "touch /tmp/kept", true)
	try(t, rt, "touch .git/index; mkdir .git/refs/x; test -e /tmp/kept", true) // no needless restart
	try(t, rt, "test -e /tmp/kept", true)
}
