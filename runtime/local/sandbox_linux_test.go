package local_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestProbeFindsWhatWorks(t *testing.T) {
	report := local.Probe(t.Context())
	t.Logf("%+v", report)
	if report.Level != runtime.SandboxStrong {
		runtimetest.Missing(t, "this machine gives no strong sandbox: "+report.Summary())
	}
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, local.Options{StateDir: t.TempDir()}), runtime.Options{})
	cleanup(t, rt)
	if info := rt.Info(); info.Sandbox != runtime.SandboxStrong || info.Network != "none" {
		t.Errorf("before the first command: %+v", info)
	}
	if res := rt.Bash(t.Context(), "true", runtime.BashOptions{}); res.Err != nil {
		t.Fatal(res.Err)
	}
	if info := rt.Info(); info.Limits.MemoryBytes != local.DefaultLimits.MemoryBytes || info.Limits.FileBytes != local.DefaultLimits.FileBytes {
		t.Errorf("limits: %+v", info.Limits)
	}
}

// TestInsideFailsClosed: where there are no user namespaces, here in a strong
// sandbox, strong fails with the step and the cure, and nothing runs.
func TestInsideFailsClosed(t *testing.T) {
	insideOnly(t)
	rt := newRepo(t, runtime.SandboxStrong, runtime.Limits{})
	res := rt.Bash(t.Context(), "./attacker "+attackArg+" probe", runtime.BashOptions{})
	for _, want := range []string{"\nlevel medium: ", "strong: ", "unprivileged_userns_clone", "[error] runtime unavailable: sandbox strong: ", "--sandbox=none"} {
		if !strings.Contains(res.Text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(res.Text, "\nit ran") {
		t.Error("a command ran")
	}
	t.Log(res.Text)
}

func TestLinkedRepositoryIsRefused(t *testing.T) {
	rt := newConfined(t, runtime.SandboxStrong)
	cleanup(t, rt)
	if err := os.Symlink(t.TempDir(), rt.Workspace().Dir()+"/.git"); err != nil {
		t.Fatal(err)
	}
	res := rt.Bash(t.Context(), "true", runtime.BashOptions{})
	if !errors.Is(res.Err, runtime.ErrUnavailable) || !strings.Contains(res.Text, ".git is a symbolic link") {
		t.Errorf("%s", res.Text)
	}
}

func TestHomeIsPrivateAndKept(t *testing.T) {
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		t.Run(level, func(t *testing.T) {
			dir, state := t.TempDir(), t.TempDir()
			run := func(cmd string) string {
				ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
				if err != nil {
					t.Fatal(err)
				}
				rt := runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: state}), runtime.Options{})
				defer func() { _ = rt.Cleanup(context.Background()) }()
				res := rt.Bash(t.Context(), cmd, runtime.BashOptions{})
				if res.Err != nil || *res.ExitCode != 0 {
					t.Fatalf("%s", res.Text)
				}
				return res.Text
			}
			run("mkdir -p ~/.cache && echo kept >~/.cache/file && rm -rf ~/go; ln -s /etc ~/evil; true")
			if text := run("cat ~/.cache/file"); !strings.HasSuffix(text, "\nkept\n") {
				t.Errorf("%s", text)
			}
		})
	}
}

// TestMountPointsAreNotFollowed: a command puts links where the next session's
// mounts go.
func TestMountPointsAreNotFollowed(t *testing.T) {
	home, victim := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	if err := os.MkdirAll(home+"/.cargo/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	private := t.TempDir()
	if err := os.Symlink(victim, private+"/.cargo"); err != nil {
		t.Fatal(err)
	}
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxStrong, Home: private}), runtime.Options{})
	cleanup(t, rt)
	res := rt.Bash(t.Context(), "test -d ~/.cargo/bin && ! test -h ~/.cargo && ! touch ~/.cargo/x", runtime.BashOptions{})
	if res.Err != nil || *res.ExitCode != 0 {
		t.Errorf("%s", res.Text)
	}
	if entries, err := os.ReadDir(victim); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestPathsOfTheUser(t *testing.T) {
	read, write := t.TempDir(), t.TempDir()
	if err := os.WriteFile(read+"/file", []byte("readable\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		ws, err := runtime.TempWorkspace()
		if err != nil {
			t.Fatal(err)
		}
		opts := local.Options{Level: level, StateDir: t.TempDir(), ReadPaths: []string{read}, WritePaths: []string{write}}
		rt := runtime.New(ws, local.New(ws, opts), runtime.Options{})
		cleanup(t, rt)
		res := rt.Bash(t.Context(), "cat "+read+"/file && echo x >"+write+"/file && ! echo x >"+read+"/new", runtime.BashOptions{})
		if res.Err != nil || *res.ExitCode != 0 {
			t.Errorf("%s: %s", level, res.Text)
		}
	}
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxStrong, StateDir: t.TempDir(), ReadPaths: []string{"/no/such/path"}}), runtime.Options{})
	cleanup(t, rt)
	if res := rt.Bash(t.Context(), "true", runtime.BashOptions{}); !strings.Contains(res.Text, "/no/such/path") || !errors.Is(res.Err, runtime.ErrUnavailable) {
		t.Errorf("%s", res.Text)
	}
}

// TestDeadSupervisorIsReplaced: one command fails, the next one works.
func TestDeadSupervisorIsReplaced(t *testing.T) {
	rt := newConfined(t, runtime.SandboxNone)
	cleanup(t, rt)
	if res := rt.Bash(t.Context(), "kill -9 $PPID; sleep 100", runtime.BashOptions{Timeout: 20 * time.Second}); !errors.Is(res.Err, runtime.ErrUnavailable) {
		t.Errorf("%s", res.Text)
	}
	if res := rt.Bash(t.Context(), "echo again", runtime.BashOptions{}); !strings.HasSuffix(res.Text, "\nagain\n") {
		t.Errorf("%s", res.Text)
	}
}

// TestToolchains: the usual tools of developers work, offline. CI has go and
// git; the others may be missing there too.
func TestToolchains(t *testing.T) {
	t.Parallel()
	for _, tool := range []struct{ program, setup, cmd, want string }{
		{"go", "printf 'module x\\n\\ngo 1.20\\n' >go.mod; printf 'package x\\nimport \"testing\"\\nfunc Test(t *testing.T) {}\\n' >x_test.go", "GOFLAGS=-count=1 go test .", "ok "},
		{"git", "git init -q . && echo x >file", "git add file && git -c user.name=n -c user.email=e@x commit -q -m message && git log --stat", "1 file changed"},
		{"npm", `echo '{"name": "x", "version": "1.0.0", "scripts": {"test": "node --test"}}' >package.json; echo 'require("node:test")("works", () => { require("child_process").execSync("true") })' >x.test.js`, "npm test", "pass 1"},
		{"pytest", "printf 'import json, subprocess\\ndef test_works(tmp_path):\\n    subprocess.run([\"true\"], check=True)\\n' >test_x.py", "pytest", "1 passed"},
		{"cargo", "mkdir src; echo 'fn main() {}' >src/main.rs; printf '[package]\\nname = \"x\"\\nversion = \"0.1.0\"\\n' >Cargo.toml", "cargo build --offline", "Finished"},
	} {
		t.Run(tool.program, func(t *testing.T) {
			if _, err := exec.LookPath(tool.program); err != nil {
				if tool.program == "go" || tool.program == "git" {
					runtimetest.Missing(t, err)
				}
				t.Skip(err)
			}
			home := t.TempDir() // with the caches, for both levels
			for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
				t.Run(level, func(t *testing.T) {
					develop(t, local.Options{Level: level, Home: home}, tool.setup, tool.cmd, tool.want)
				})
			}
		})
	}
}

// develop runs the tools in a new workspace, in two commands, because files
// that the first one makes may be guarded for the second one.
func develop(t *testing.T, opts local.Options, setup, cmd, want string) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, opts), runtime.Options{})
	cleanup(t, rt)
	rt.Bash(t.Context(), setup, runtime.BashOptions{})
	res := rt.Bash(t.Context(), cmd, runtime.BashOptions{Timeout: 4 * time.Minute})
	if res.ExitCode == nil || *res.ExitCode != 0 || !strings.Contains(res.Text, want) {
		t.Errorf("%v: %s", res.Err, res.Text)
	}
}

func TestNoHomeIsLeftOfATemporaryWorkspace(t *testing.T) {
	state := t.TempDir()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxStrong, StateDir: state}), runtime.Options{})
	rt.Bash(t.Context(), "mkdir ~/d && touch ~/d/f && chmod 0 ~/d", runtime.BashOptions{})
	if err := rt.Cleanup(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(state + "/homes/*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
