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

// TestSecretsMadeMeanwhile are hidden from the next command: those of a tool that
// the user logs in with while a session lasts.
func TestSecretsMadeMeanwhile(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.MkdirAll(home+"/.cargo/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	login := func(name, token string) {
		t.Helper()
		if err := os.WriteFile(home+"/new", []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(home+"/new", home+"/.cargo/"+name); err != nil {
			t.Fatal(err)
		}
	}
	login("credentials.toml", "token one")
	rt := newConfined(t, runtime.SandboxStrong)
	cleanup(t, rt)
	read := func(want string) {
		t.Helper()
		res := rt.Bash(t.Context(), "cat ~/.cargo/credentials*; echo r''ead", runtime.BashOptions{})
		if want == "" && strings.Contains(res.Text, "token") || !strings.Contains(res.Text, "\nread\n"+want) {
			t.Errorf("%s", res.Text)
		}
	}
	read("")
	login("credentials.toml", "token two")
	read("")
	login("credentials", "token three")
	read("")
	try(t, rt, "touch /tmp/kept", true)
	try(t, rt, "test -e /tmp/kept", true) // no needless restart
	job, err := rt.Start("touch begun; until test -e done; do sleep 0.05; done", runtime.JobOptions{})
	if err != nil {
		t.Fatal(err)
	}
	try(t, rt, "until test -e begun; do sleep 0.05; done", true)
	login("credentials", "token four")
	read("\n[a file with credentials that commands must not read was made or replaced")
	try(t, rt, "touch done", true)
	<-job.Done()
	read("")
}

// TestPathThroughLinks: a link on PATH shows no more than its target's name would.
func TestPathThroughLinks(t *testing.T) {
	home, state := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	for _, dir := range []string{home + "/.config/app", home + "/.local/bin", state + "/pygent"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/file", []byte("secret of "+dir), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"tools": ".config", "all": "."} {
		if err := os.Symlink(target, filepath.Join(home, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("XDG_STATE_HOME", state)
	t.Setenv("PATH", strings.Join([]string{os.Getenv("PATH"), home + "/tools", home + "/all", home + "/.local/bin", state}, string(filepath.ListSeparator)))
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		ws, err := runtime.TempWorkspace()
		if err != nil {
			t.Fatal(err)
		}
		rt := runtime.New(ws, local.New(ws, local.Options{Level: level}), runtime.Options{})
		cleanup(t, rt)
		res := rt.Bash(t.Context(), "cat "+home+"/.config/app/file "+state+"/pygent/file "+home+"/.local/bin/file", runtime.BashOptions{})
		if strings.Contains(res.Text, "secret of "+home+"/.config") || strings.Contains(res.Text, "secret of "+state) || !strings.Contains(res.Text, "secret of "+home+"/.local/bin") {
			t.Errorf("%s: %s", level, res.Text)
		}
	}
}

// TestEmptyFilesAreLimited: they take memory and none of a file system's size.
func TestEmptyFilesAreLimited(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	limits := runtime.Limits{FileBytes: 1 << 20}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxStrong, StateDir: t.TempDir(), Limits: limits}), runtime.Options{})
	cleanup(t, rt)
	for _, dir := range []string{"/tmp", "/dev/shm"} {
		try(t, rt, "i=0; while [ $i -lt 20000 ]; do : >"+dir+"/$i || exit 1; i=$((i+1)); done", false)
	}
}
