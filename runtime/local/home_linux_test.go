package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

// TestHostRunsNoProgramOfCommands: PATH contains a directory that commands can
// write, as in an active virtual environment, and a command puts a git there.
func TestHostRunsNoProgramOfCommands(t *testing.T) {
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		dir, state, mark := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "mark")
		t.Setenv("PATH", dir+"/bin"+string(filepath.ListSeparator)+os.Getenv("PATH"))
		for _, cmd := range []string{
			"mkdir bin && printf '#!/bin/sh\\n: >" + mark + "\\n' >bin/git && cp bin/git bin/sh && chmod +x bin/* && rm -f ~/.gitconfig",
			"/bin/echo started anew",
		} {
			ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			rt := runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: state}), runtime.Options{})
			cleanup(t, rt)
			if res := rt.Bash(t.Context(), cmd, runtime.BashOptions{}); res.Err != nil {
				t.Fatalf("%s: %s", level, res.Text)
			}
		}
		if _, err := os.Stat(mark); err == nil {
			t.Errorf("%s: the host ran what a command had made", level)
		}
	}
}

// TestIdentityOfTheUser: commands get nothing else of the user's configuration.
func TestIdentityOfTheUser(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	if err := os.MkdirAll(home+"/.config/git", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		".config/git/config": "[user]\n\tname = Other\n\temail = me@example.org\n",
		".gitconfig":         "[user]\n\tname = \"J. \\\"Q\\\" \\\\ Public\"\n[core]\n\tpager = evil\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ global, want string }{
		{"", "[user]\n\tname = \"J. \\\"Q\\\" \\\\ Public\"\n\temail = \"me@example.org\"\n"},
		{home + "/.config/git/config", "[user]\n\tname = \"Other\"\n\temail = \"me@example.org\"\n"},
		{"/dev/null", "[user]\n"},
	} {
		if c.global != "" {
			t.Setenv("GIT_CONFIG_GLOBAL", c.global)
		}
		rt := newConfined(t, runtime.SandboxStrong)
		cleanup(t, rt)
		res := rt.Bash(t.Context(), "cat ~/.gitconfig", runtime.BashOptions{})
		if !strings.HasSuffix(res.Text, "gitconfig\n"+c.want) {
			t.Errorf("%q is not the end of %s", c.want, res.Text)
		}
	}
}
