package runtime_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pygent/pygent/runtime"
)

func TestUnfitRootsAreRefused(t *testing.T) {
	homes, state, own := t.TempDir(), t.TempDir(), t.TempDir()
	home := filepath.Join(homes, "users", "me")
	must(t, os.MkdirAll(home, 0o700))
	inOwn := filepath.Join(own, "sessions", "x")
	must(t, os.MkdirAll(inOwn, 0o700))
	t.Setenv("HOME", home)
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink("/etc", link))
	opts := runtime.OpenOptions{Protect: []string{filepath.Join(state, "pygent", "not", "there", "yet"), own}}
	for _, dir := range []string{"/", home, filepath.Dir(home), homes, "/etc", "/etc/ssl", "/run", "/proc", "/proc/self", "/sys", "/dev", "/dev/shm", link, outsideFile(t), filepath.Join(home, "missing"), state, filepath.Dir(state), own, inOwn} {
		if _, err := os.Lstat(dir); err != nil && dir != filepath.Join(home, "missing") {
			continue // another system has no such directory
		}
		ws, err := runtime.OpenWorkspace(dir, opts)
		if !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("%s: %v", dir, err)
		}
		if err == nil {
			must(t, ws.Close())
		}
	}
	var invalid *runtime.InvalidError
	if _, err := runtime.OpenWorkspace("", opts); !errors.As(err, &invalid) {
		t.Errorf("empty: %v", err)
	}
}

func TestGivenWorkspaceStaysAfterClose(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	ws, err := runtime.OpenWorkspace(link, runtime.OpenOptions{})
	must(t, err)
	real, err := filepath.EvalSymlinks(dir)
	must(t, err)
	if ws.Dir() != real || ws.Temporary() {
		t.Errorf("dir %s, temporary %t", ws.Dir(), ws.Temporary())
	}
	_, err = ws.WriteFile("x", nil)
	must(t, err)
	must(t, ws.Close())
	must(t, ws.Close())
	if _, err := os.Stat(filepath.Join(dir, "x")); err != nil {
		t.Error(err)
	}
	if _, err := ws.ReadFile("x", 1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
}

func TestTemporaryWorkspaceIsPrivateAndRemoved(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	must(t, err)
	info, err := os.Stat(ws.Dir())
	must(t, err)
	if info.Mode().Perm() != 0o700 || !ws.Temporary() {
		t.Errorf("mode %v, temporary %t", info.Mode(), ws.Temporary())
	}
	_, err = ws.WriteFile("locked/deep/file", nil)
	must(t, err)
	must(t, os.Chmod(filepath.Join(ws.Dir(), "locked/deep"), 0))
	must(t, os.Chmod(filepath.Join(ws.Dir(), "locked"), 0o500))
	must(t, ws.Close())
	if _, err := os.Lstat(ws.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

func TestMovedWorkspaceIsNoticed(t *testing.T) {
	ws := workspace(t, nil)
	must(t, ws.Check())
	moved := ws.Dir() + "-moved"
	must(t, os.Rename(ws.Dir(), moved))
	defer func() { must(t, os.RemoveAll(moved)) }()
	if err := ws.Check(); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("moved: %v", err)
	}
	must(t, os.Mkdir(ws.Dir(), 0o700))
	if err := ws.Check(); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("another directory in its place: %v", err)
	}
}

func TestResolveDir(t *testing.T) {
	ws := workspace(t, map[string]string{"a/b/": "", "link": "-> a/b", "file": "", "loop": "-> loop"})
	for name, want := range map[string]string{"": ".", ".": ".", "a/b/": "a/b", "link": "a/b", "link/..": "."} {
		if got, err := ws.ResolveDir(name); err != nil || got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"file", "missing", "loop", "..", "link/missing"} {
		if got, err := ws.ResolveDir(name); err == nil {
			t.Errorf("%q: %q", name, got)
		}
	}
}
