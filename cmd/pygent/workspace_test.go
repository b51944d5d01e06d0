package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// TestOwnSettingsAreNoWorkspace checks that the directory of the user's settings is refused
// as a workspace, because a command there could loosen the next server's settings.
func TestOwnSettingsAreNoWorkspace(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"home/.config/pygent/sub", "config/pygent/sub", "config/nvim", "dotfiles/pygent", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	check := func(fits bool, names ...string) {
		t.Helper()
		for _, name := range names {
			err := new(roots).check(filepath.Join(dir, name))
			if (err == nil) != fits || err != nil && !errors.Is(err, runtime.ErrOutside) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	t.Setenv("HOME", filepath.Join(dir, "home"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	t.Setenv("XDG_CONFIG_HOME", "")
	check(false, "home/.config/pygent", "home/.config/pygent/sub")
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	check(false, ".", "config", "config/pygent", "config/pygent/sub")
	check(true, "config/nvim", "dotfiles", "other")
	real := filepath.Join(dir, "dotfiles", "pygent.toml")
	if err := os.WriteFile(real, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, filepath.Join(dir, "config", "pygent", "pygent.toml")); err != nil {
		t.Skip(err)
	}
	check(false, "dotfiles")
	check(true, "dotfiles/pygent", "other")
}

// TestWhatCannotBeFinishedIsSaidOnce: the check of the workspace at the start finds the
// journal of a killed server, and the first session there says so.
func TestWhatCannotBeFinishedIsSaidOnce(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	r := &roots{}
	if err := r.check(dir); err != nil { // it makes the directory of the journals
		t.Fatal(err)
	}
	at, err := filepath.Glob(filepath.Join(state, "pygent", "edits", "*"))
	if err != nil || len(at) != 1 {
		t.Fatal(at, err)
	}
	journal := filepath.Join(at[0], "x.edits")
	if err := os.WriteFile(journal, []byte("garbage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.check(dir); err != nil {
		t.Fatal(err)
	}
	ws, err := r.open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if texts := r.take(ws.Dir()); len(texts) != 1 || !strings.Contains(texts[0], "cannot be used") {
		t.Errorf("%q", texts)
	}
	if texts := r.take(ws.Dir()); len(texts) != 0 {
		t.Errorf("again: %q", texts)
	}
	if _, err := os.Lstat(journal); err == nil {
		t.Error("the journal is still there")
	}
}
