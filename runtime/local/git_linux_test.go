package local_test

import (
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

// try runs a command that must succeed, or fail.
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
		moved     string // the file that is moved away; "": the link stays
	}{
		{"modules", "rm -rf .git/modules && ln -s OUTSIDE .git/modules", ".git/modules was moved to modules.moved-"},
		{"a module", "mkdir -p .git/modules && ln -s OUTSIDE/repo .git/modules/repo", ""},
		{"modules of a module", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && ln -s OUTSIDE .git/modules/x/modules", "x/modules was moved"},
		{"hooks of a module", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && ln -s OUTSIDE .git/modules/x/hooks", "x/hooks was moved"},
		{"config of a module", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && ln -s OUTSIDE/repo/secret .git/modules/x/config", "x/config was moved"},
		{"worktrees", "ln -s OUTSIDE .git/worktrees", ".git/worktrees was moved"},
		{"special", "mkdir -p .git/modules/x && touch .git/modules/x/HEAD && mkfifo .git/modules/x/config", "x/config was moved"},
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
			if err := os.WriteFile(rt.Workspace().Dir()+"/.git/HEAD", nil, 0o644); err != nil {
				t.Fatal(err)
			}
			res := rt.Bash(t.Context(), strings.ReplaceAll(c.cmd, "OUTSIDE", outside), runtime.BashOptions{})
			if res.ExitCode == nil || *res.ExitCode != 0 || strings.Contains(res.Text, "was moved") != (c.moved != "") || !strings.Contains(res.Text, c.moved) {
				t.Errorf("%q: %s", c.moved, res.Text)
			}
			res = next(t, rt).Bash(t.Context(), "cat "+outside+"/repo/secret", runtime.BashOptions{})
			if strings.HasSuffix(strings.TrimSpace(res.Text), "\nsecret") || res.ExitCode != nil && *res.ExitCode == 0 {
				t.Errorf("read outside: %s", res.Text)
			}
			if res.Err != nil {
				t.Errorf("the next command: %v", res.Err)
			}
			made, _ := filepath.Glob(outside + "/*/*")
			if top, _ := filepath.Glob(outside + "/*"); len(top) != 1 || len(made) != 2 {
				t.Errorf("made outside: %q %q", top, made)
			}
		})
	}
}

// TestGitGuardedWithoutHEAD: removing HEAD does not remove the guards.
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

// TestGitConfigReplacedOnTheHost: the guard of a file stays with the old file.
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

// TestGitMadeByACommandIsDisarmed: files of a command's repository that git
// would run are moved away and reported. At level strong the host sees no
// repository while a job runs that could change it.
func TestGitMadeByACommandIsDisarmed(t *testing.T) {
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		rt := newConfined(t, level)
		cleanup(t, rt)
		strong := level == runtime.SandboxStrong
		job, err := rt.Start("until test -e done; do sleep 0.05; done", runtime.JobOptions{})
		if err != nil {
			t.Fatal(err)
		}
		told := rt.Bash(t.Context(), "mkdir -p .git/hooks && echo ref: refs/heads/main >.git/HEAD && printf '[core]\n\tbare = false\n\tpager = evil\n' >.git/config && echo evil >.git/hooks/update && chmod +x .git/hooks/update", runtime.BashOptions{}).Text
		if got := strings.Contains(told, "theirs alone until"); got != strong {
			t.Errorf("%s: %s", level, told)
		}
		_, err = os.Stat(rt.Workspace().Dir() + "/.git/HEAD")
		if (err == nil) == strong {
			t.Errorf("%s: the host's repository: %v", level, err)
		}
		try(t, rt, "test -e .git/HEAD && touch done", true)
		<-job.Done()
		told += job.State().Result.Text
		for _, want := range []string{"[.git/hooks/update was moved to update.moved-", `sets "core.pager"; if`, "the rest of it stays"} {
			where := strings.Replace(want, "[.git/", "/", 1) // before it is published it has another path
			if !strings.Contains(told, where) || !strong && !strings.Contains(told, want) {
				t.Errorf("%s: %q is missing: %s", level, want, told)
			}
		}
		config, err := os.ReadFile(rt.Workspace().Dir() + "/.git/config")
		if _, gone := os.Stat(rt.Workspace().Dir() + "/.git/hooks/update"); gone == nil || string(config) != "[core]\n\tbare = \"false\"\n" {
			t.Errorf("%s: config %q, %v", level, config, err)
		}
		if res := rt.Bash(t.Context(), "true", runtime.BashOptions{}); strings.Contains(res.Text, "[") {
			t.Errorf("%s: %s", level, res.Text)
		}
	}
}

// TestGitNestedRepositories: they are guarded if they exist before commands,
// and so are all parts of a repository that name programs.
func TestGitNestedRepositories(t *testing.T) {
	rt := newRepo(t, runtime.SandboxStrong, runtime.Limits{})
	dir := rt.Workspace().Dir()
	for _, name := range []string{"sub/.git/HEAD", "bare/HEAD", "bare/objects/x", "bare/refs/x", ".git/worktrees/x/gitdir", ".git/info/attributes"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("ref: refs/heads/main\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(dir+"/sub/.git/HEAD", dir+"/sub/.git/config"); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []string{
		"echo x >>sub/.git/config", "echo x >sub/.git/hooks/update", "mv sub/.git sub/git", "rm -rf sub/.git/hooks", "rm sub/.git/config",
		"echo x >>bare/config", "echo x >bare/hooks/update", "mv bare b",
		"echo x >.git/worktrees/x/commondir", "mv .git/worktrees w", "echo x >.git/info/attributes", "mv .git/info i",
	} {
		try(t, rt, cmd, false)
	}
	try(t, rt, "echo evil >>sub/.git/HEAD && touch sub/.git/index sub/file bare/objects/y", true)
	if text, err := os.ReadFile(dir + "/sub/.git/config"); err != nil || strings.Contains(string(text), "evil") {
		t.Errorf("by way of its other name: %q, %v", text, err)
	}
	res := rt.Bash(t.Context(), "mv sub old && mkdir -p sub/.git && printf '[core]\n\tfsmonitor = evil\n' >sub/.git/config", runtime.BashOptions{})
	if !strings.Contains(res.Text, "[sub/.git/config was moved to config.moved-") {
		t.Errorf("another repository in its place: %s", res.Text)
	}
	try(t, rt, "echo x >>sub/.git/config", false)
}

// TestGitOfCommands: where there is no repository, go build is told to look for none.
func TestGitOfCommands(t *testing.T) {
	rt := newConfined(t, runtime.SandboxStrong)
	cleanup(t, rt)
	try(t, rt, `test "$GOFLAGS" = -buildvcs=false && test -d .git`, true)
	rt = newRepo(t, runtime.SandboxStrong, runtime.Limits{})
	try(t, rt, `test -z "$GOFLAGS"`, true)
}
