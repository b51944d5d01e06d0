//go:build unix

package runtime_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// TestFIFODoesNotBlock would hang if one were opened the plain way.
func TestFIFODoesNotBlock(t *testing.T) {
	ws, dst := workspace(t, map[string]string{"d/x": "x"}), workspace(t, nil)
	must(t, syscall.Mkfifo(filepath.Join(ws.Dir(), "d/fifo"), 0o600))
	var invalid *runtime.InvalidError
	if _, err := ws.ReadFile("d/fifo", 10); !errors.As(err, &invalid) {
		t.Errorf("read: %v", err)
	}
	if _, err := ws.WriteFile("d/fifo", nil); !errors.As(err, &invalid) {
		t.Errorf("write: %v", err)
	}
	if _, err := ws.OpenDir("d/fifo"); !errors.As(err, &invalid) {
		t.Errorf("directory: %v", err)
	}
	listed, _, err := ws.List("d", runtime.ListOptions{})
	must(t, err)
	if diff := cmp.Diff([]runtime.Entry{{Name: "fifo", Type: "fifo"}, {Name: "x", Type: "file", Size: 1}}, listed); diff != "" {
		t.Error(diff)
	}
	if _, err := ws.Edit("d/fifo", nil); !errors.As(err, &invalid) {
		t.Errorf("edit: %v", err)
	}
	report, err := ws.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{})
	must(t, err)
	if diff := cmp.Diff([]runtime.Skipped{{Path: "d/fifo", Reason: "special file"}}, report.Skipped); diff != "" {
		t.Error(diff)
	}
}
