package nolink_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/nolink"
)

// TestNoLinkIsFollowed: both ways to open a directory refuse the same paths.
func TestNoLinkIsFollowed(t *testing.T) {
	dir := t.TempDir()
	deep := strings.TrimSuffix(strings.Repeat(strings.Repeat("d", 200)+"/", 30), "/") // more than one call takes
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	must(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "a/file"), []byte("text"), 0o644))
	for name, to := range map[string]string{"link": "a", "a/up": "..", "loop": "loop", "out": "/"} {
		must(t, os.Symlink(to, filepath.Join(dir, name)))
	}
	r, made, err := nolink.MakeParent(root, deep+"/x", 0o755)
	must(t, err)
	r.Close()
	if len(made) != 30 {
		t.Errorf("made %d", len(made))
	}
	base, err := root.Open(".")
	must(t, err)
	defer base.Close()
	for name, want := range map[string]error{
		".": nil, "a": nil, "a/b": nil, deep: nil, "none": fs.ErrNotExist, "a/none/b": fs.ErrNotExist,
		"link": syscall.ENOTDIR, "link/b": syscall.ENOTDIR, "a/up": syscall.ENOTDIR, "a/up/a": syscall.ENOTDIR,
		"loop": syscall.ENOTDIR, "out": syscall.ENOTDIR, "out/etc": syscall.ENOTDIR, "a/file": syscall.ENOTDIR, "a/file/x": syscall.ENOTDIR,
	} {
		r, err := nolink.Dir(root, name)
		if !errors.Is(err, want) || nolink.IsGone(err) != (want != nil) {
			t.Errorf("Dir %.20s: %v", name, err)
		}
		if err == nil {
			r.Close()
		}
		fd, err := nolink.OpenBelow(int(base.Fd()), name)
		if !errors.Is(err, want) || nolink.IsGone(err) != (want != nil) {
			t.Errorf("OpenBelow %.20s: %v", name, err)
		}
		if err == nil {
			must(t, unix.Close(fd))
		}
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o644))
	must(t, os.Symlink("file", filepath.Join(dir, "link")))
	must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	if text, info, err := nolink.ReadFile(root, "file", 4); err != nil || string(text) != "text" || info.Size() != 4 {
		t.Errorf("%q, %v, %v", text, info, err)
	}
	for _, name := range []string{"link", "fifo", "."} {
		if _, info, err := nolink.ReadFile(root, name, 4); err == nil || info == nil {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, _, err := nolink.ReadFile(root, "file", 3); err == nil {
		t.Error("more than it may be")
	}
	if _, _, err := nolink.ReadFile(root, "none", 3); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
