package statedir_test

import (
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/statedir"
)

func TestPath(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	t.Setenv("USERPROFILE", "/home/me")
	want := filepath.Join("/home/me", ".local", "state", "pygent")
	for _, unset := range []string{"", "relative/state"} {
		t.Setenv("XDG_STATE_HOME", unset)
		if got, err := statedir.Path(); err != nil || got != want {
			t.Errorf("XDG_STATE_HOME=%q: %q, %v, want %q", unset, got, err, want)
		}
	}
	base := t.TempDir()
	t.Setenv("XDG_STATE_HOME", base)
	if got, err := statedir.Path(); err != nil || got != filepath.Join(base, "pygent") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestMakeIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "pygent")
	if err := os.MkdirAll(filepath.Join(dir, "homes"), 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := statedir.Make(dir, "homes", "one")
	if err != nil || got != filepath.Join(dir, "homes", "one") {
		t.Fatalf("got %q, %v", got, err)
	}
	if goruntime.GOOS == "windows" {
		return
	}
	for _, d := range []string{dir, filepath.Dir(got), got} {
		if info, err := os.Lstat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", d, info.Mode(), err)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	for name, plant := range map[string]func(t *testing.T, at string) error{
		"link":    func(t *testing.T, at string) error { return os.Symlink(t.TempDir(), at) },
		"inside":  func(_ *testing.T, at string) error { return os.Symlink(".", at) },
		"file":    func(_ *testing.T, at string) error { return os.WriteFile(at, nil, 0o600) },
		"foreign": makeForeign,
	} {
		for _, below := range [][]string{nil, {"sessions"}} {
			t.Run(name+strings.Join(below, ""), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "pygent")
				at := filepath.Join(append([]string{dir}, below...)...)
				if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := plant(t, at); err != nil {
					t.Skip("cannot be set up here: ", err)
				}
				if got, err := statedir.Make(dir, below...); err == nil || !strings.Contains(err.Error(), at) {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
	}
}

func makeForeign(t *testing.T, at string) error {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a directory away")
	}
	if err := os.Mkdir(at, 0o777); err != nil {
		return err
	}
	return os.Chown(at, 12345, 12345)
}
