package snapshot

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Only stores are removed whose workspace does not exist, and that nobody has
// used for the given time.
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
	for _, name := range []string{"there", "gone", "young", "used", "nameless"} {
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
		if name == "nameless" {
			if err := os.Remove(filepath.Join(parent, name, workspaceFile)); err != nil {
				t.Fatal(err)
			}
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
	if err != nil || n != 2 {
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
