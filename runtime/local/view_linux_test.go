package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

// TestCredentialsOfToolsAreHidden also where the tool's home is elsewhere.
func TestCredentialsOfToolsAreHidden(t *testing.T) {
	base, err := os.MkdirTemp("/var/tmp", "pygent-cargo-")
	if err != nil {
		t.Fatal("no place for a tool's home: ", err)
	}
	defer func() { _ = os.RemoveAll(base) }()
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"credentials.toml", "config.toml"} {
		if err := os.WriteFile(filepath.Join(base, name), []byte("token "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CARGO_HOME", base)
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		rt := newConfined(t, level)
		res := rt.Bash(t.Context(), "cat $CARGO_HOME/config.toml; cat $CARGO_HOME/credentials.toml", runtime.BashOptions{})
		if strings.Contains(res.Text, "token credentials") || !strings.Contains(res.Text, "token config") {
			t.Errorf("%s: %s", level, res.Text)
		}
	}
}

// TestReadOnlyTemporaryFilesDoNotBlockTheNextSession of the same workspace.
func TestReadOnlyTemporaryFilesDoNotBlockTheNextSession(t *testing.T) {
	home := t.TempDir()
	ws := t.TempDir()
	for range 2 {
		w, err := runtime.OpenWorkspace(ws, runtime.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rt := runtime.New(w, local.New(w, local.Options{Level: runtime.SandboxMedium, Home: home}), runtime.Options{})
		res := rt.Bash(t.Context(), "mkdir -p $TMPDIR/a/b && chmod 555 $TMPDIR/a && echo made", runtime.BashOptions{})
		if !strings.HasSuffix(res.Text, "made\n") {
			t.Errorf("%s", res.Text)
		}
		if err := rt.Cleanup(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
