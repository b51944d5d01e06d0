package main

import (
	"errors"
	"os"
	"path/filepath"
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
			err := checkRoot(filepath.Join(dir, name))
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
