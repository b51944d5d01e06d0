package snapshot

import (
	"bytes"
	"encoding/gob"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Of all stores only those go whose workspace is not there, and that nobody has
// used for the time that is given.
func TestSweep(t *testing.T) {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	parent, past := filepath.Join(base, "undo"), time.Now().Add(-48*time.Hour)
	open := func(name string) (*Tracker, string) {
		t.Helper()
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "f"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		tracker, err := Open(dir, filepath.Join(parent, name), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tracker.rescan(t.Context()); err != nil {
			t.Fatal(err)
		}
		return tracker, dir
	}
	age := func(name string) {
		t.Helper()
		if err := os.Chtimes(filepath.Join(parent, name, usersDir), past, past); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"there", "gone", "young", "older", "used", "nameless"} {
		tracker, dir := open(name)
		if name == "used" {
			defer func() { _ = tracker.Close() }()
		} else if err := tracker.Close(); err != nil {
			t.Fatal(err)
		}
		if name != "there" {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		switch name {
		case "nameless":
			err = errors.Join(os.Remove(filepath.Join(parent, name, workspaceFile)), os.Remove(filepath.Join(parent, name, scanFile)))
		case "older": // its scan tells whose it is
			var scan bytes.Buffer
			err = errors.Join(os.Remove(filepath.Join(parent, name, workspaceFile)),
				gob.NewEncoder(&scan).Encode(struct {
					Version int
					Dir     string
				}{1, dir}), os.WriteFile(filepath.Join(parent, name, scanFile), scan.Bytes(), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
		if name != "young" {
			age(name)
		}
	}
	left := filepath.Join(parent, tempName())
	if err := os.MkdirAll(filepath.Join(left, "objects", "ab"), 0o700); err != nil {
		t.Fatal(err)
	}
	n, err := Sweep(t.Context(), parent, 24*time.Hour)
	if err != nil || n != 3 {
		t.Errorf("removed %d, %v", n, err)
	}
	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"nameless", "there", "used", "young"}; !slices.Equal(names, want) {
		t.Errorf("left %q, want %q", names, want)
	}
	if n, err := Sweep(t.Context(), filepath.Join(base, "none"), 0); n != 0 || err != nil {
		t.Errorf("no stores: %d, %v", n, err)
	}
}

// What cannot be decoded claims nothing.
func TestClaimed(t *testing.T) {
	state := t.TempDir()
	for _, text := range []string{"", scanMagic, "\x0a\xff\xff"} {
		if err := os.WriteFile(filepath.Join(state, scanFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := claimed(state); got != "" {
			t.Errorf("%q: claimed for %q", text, got)
		}
	}
}
