//go:build unix

package runtime_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// TestFIFODoesNotBlock would hang if a FIFO were opened without O_NONBLOCK.
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
	report, err := ws.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{})
	must(t, err)
	if diff := cmp.Diff([]runtime.Skipped{{Path: "d/fifo", Reason: "special file"}}, report.Skipped); diff != "" {
		t.Error(diff)
	}
}

// TestSocketsAndDevicesAreRefused: the file tools open neither, and copy none.
func TestSocketsAndDevicesAreRefused(t *testing.T) {
	ws, dst := workspace(t, map[string]string{"d/x": "x"}), workspace(t, nil)
	l, err := net.Listen("unix", filepath.Join(ws.Dir(), "d/socket"))
	must(t, err)
	defer l.Close()
	names := []string{"d/socket"}
	if os.Getuid() == 0 {
		must(t, syscall.Mknod(filepath.Join(ws.Dir(), "d/null"), syscall.S_IFCHR|0o666, 1<<8|3))
		names = append(names, "d/null")
	}
	for _, name := range names {
		if _, err := ws.ReadFile(name, 10); err == nil {
			t.Errorf("read %s", name)
		}
		if _, err := ws.WriteFile(name, []byte("x")); err == nil {
			t.Errorf("wrote %s", name)
		}
		info, err := os.Lstat(filepath.Join(ws.Dir(), name))
		must(t, err)
		if info.Mode().IsRegular() {
			t.Errorf("%s was replaced", name)
		}
	}
	listed, _, err := ws.List("d", runtime.ListOptions{})
	must(t, err)
	for _, e := range listed {
		if e.Name != "x" && e.Type == "file" {
			t.Errorf("%+v", e)
		}
	}
	report, err := ws.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{})
	must(t, err)
	if len(report.Skipped) != len(names) {
		t.Errorf("%+v", report.Skipped)
	}
	_ = l.(*net.UnixListener).SetDeadline(time.Now().Add(-time.Second))
	if _, err := l.Accept(); !os.IsTimeout(err) {
		t.Errorf("connected to: %v", err)
	}
}
