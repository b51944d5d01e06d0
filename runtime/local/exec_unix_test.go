//go:build unix

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

func TestEnvironmentIsAllowListed(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "ghp_secret")
	t.Setenv("LC_TIME", "C")
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxNone}), runtime.Options{})
	cleanup(t, rt)
	res := rt.Bash(t.Context(), "env", runtime.BashOptions{})
	_, out, _ := strings.Cut(res.Text, "\n")
	got := map[string]string{}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		got[key] = value
	}
	for key, want := range map[string]string{"LC_TIME": "C", "PWD": ws.Dir(), "PATH": os.Getenv("PATH")} {
		if got[key] != want {
			t.Errorf("%s=%q, want %q", key, got[key], want)
		}
	}
	for key := range got {
		switch key {
		case "PWD", "OLDPWD", "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "TERM", "PYGENT_COMMAND", "SHLVL", "_":
		default:
			if !strings.HasPrefix(key, "LC_") {
				t.Errorf("%s is passed on", key)
			}
		}
	}
}

func TestMissingShellIsUnavailableAndNamesTheCure(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	t.Setenv("PATH", t.TempDir())
	res := rt.Bash(t.Context(), "true", runtime.BashOptions{})
	if !errors.Is(res.Err, runtime.ErrUnavailable) || !strings.Contains(res.Text, "PATH") {
		t.Errorf("%v:\n%s", res.Err, res.Text)
	}
}

func TestDeletedWorkspaceIsATypedError(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	if err := os.RemoveAll(rt.Workspace().Dir()); err != nil {
		t.Fatal(err)
	}
	if res := rt.Bash(t.Context(), "true", runtime.BashOptions{}); !errors.Is(res.Err, runtime.ErrUnavailable) {
		t.Errorf("%v:\n%s", res.Err, res.Text)
	}
}

// TestOutputAfterCloseOfTheShellIsComplete: bytes in the pipe after the last
// process has ended belong to the output.
func TestOutputInThePipeIsNotLost(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	for range 20 {
		res := rt.Bash(t.Context(), "head -c 60000 /dev/zero", runtime.BashOptions{Output: func(string) {}})
		if res.TotalBytes != 60000 {
			t.Fatalf("%d bytes", res.TotalBytes)
		}
	}
}

func TestInfoSaysThatNothingIsConfined(t *testing.T) {
	rt := newRuntime(t)
	cleanup(t, rt)
	info := rt.Info()
	if info.Kind != "local" || info.Sandbox != "none" || info.Network != "full" || !filepath.IsAbs(info.Workspace) {
		t.Errorf("%+v", info)
	}
}

// TestShellIsFoundAgain: remembering its path must not change the result.
func TestShellIsFoundAgain(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for dir, says := range map[string]string{first: "first", second: "second"} {
		if err := os.WriteFile(filepath.Join(dir, "sh"), []byte("#!/bin/sh\necho "+says+"\n"), 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	rt := newRuntime(t)
	cleanup(t, rt)
	want := func(text string) {
		t.Helper()
		if res := rt.Bash(t.Context(), "x", runtime.BashOptions{}); res.Text != "$ x\n"+text+"\n" {
			t.Errorf("%q is not said: %q", text, res.Text)
		}
	}
	t.Setenv("PATH", first+":"+second)
	want("first")
	want("first")
	if err := os.Remove(filepath.Join(first, "sh")); err != nil {
		t.Fatal(err)
	}
	want("second")
	t.Setenv("PATH", t.TempDir())
	if res := rt.Bash(t.Context(), "x", runtime.BashOptions{}); !errors.Is(res.Err, runtime.ErrUnavailable) {
		t.Errorf("without any: %q", res.Text)
	}
}
