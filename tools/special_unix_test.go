//go:build unix

package tools_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestReadFileOfSpecialFiles(t *testing.T) {
	c := newEditor(t, nil)
	dir := c.env.Runtime.Workspace().Dir()
	if err := errors.Join(syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600), os.Symlink("loop", filepath.Join(dir, "loop"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "loop"} {
		if res := c.call("read_file", map[string]any{"path": name}); !res.IsError {
			t.Errorf("%s: %q", name, res.Text)
		}
		if res := c.edit(name, "a", "b"); !res.IsError {
			t.Errorf("%s: %q", name, res.Text)
		}
		if res := c.call("write_file", map[string]any{"path": name, "content": "b"}); !res.IsError {
			t.Errorf("%s: %q", name, res.Text)
		}
	}
}
