package docker

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/internal/confine"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestHostSockets(t *testing.T) {
	eachCommandWay(t, func(t *testing.T, w way) {
		ws := workspace(t)
		runtimetest.CopyProgram(t, builtProgram(t, "attack"), filepath.Join(ws.Dir(), "attack"))
		rt := runtime.New(ws, executor(t, ws, w.with(Options{})), runtime.Options{})
		runtimetest.HostSockets(t, rt, "./attack "+runtimetest.SocketArg)
	})
}

func TestLeftFIFO(t *testing.T) {
	eachCommandWay(t, func(t *testing.T, w way) {
		runtimetest.LeftFIFO(t, func() *runtime.Runtime {
			ws := workspace(t)
			return runtime.New(ws, executor(t, ws, w.with(Options{})), runtime.Options{})
		})
	})
}

// TestDevicesOfTheHost: the devices inside belong to the container, and so do
// their modes. The test sets the modes that they already have, so that a
// failure does not break the host.
func TestDevicesOfTheHost(t *testing.T) {
	changed := func() (times []syscall.Timespec) {
		t.Helper()
		for _, device := range confine.Devices {
			var st syscall.Stat_t
			if err := syscall.Stat(device, &st); err != nil {
				t.Fatal(err)
			}
			times = append(times, st.Ctim)
		}
		return times
	}
	inTurn(t, commandWays(), func(t *testing.T, w way) {
		ws := workspace(t)
		if err := syscall.Mkfifo(filepath.Join(ws.Dir(), "pipe"), 0o600); err != nil {
			t.Fatal(err)
		}
		pipe, err := os.OpenFile(filepath.Join(ws.Dir(), "pipe"), os.O_RDWR|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer pipe.Close()
		before := changed()
		out, _ := sh(t, executor(t, ws, w.with(Options{})), "for f in "+strings.Join(confine.Devices, " ")+" /proc/self/fd/0; do chmod 666 $f; touch $f; done; chmod 666 pipe && echo brok''en")
		if strings.Contains(out, "broken") || !slices.Equal(before, changed()) {
			t.Errorf("the host's devices were changed: %s", out)
		}
	})
}

// TestNoSpecialFileIsCopied: neither transfer includes special files.
func TestNoSpecialFileIsCopied(t *testing.T) {
	ws := workspace(t)
	l, err := net.Listen("unix", filepath.Join(ws.Dir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := syscall.Mkfifo(filepath.Join(ws.Dir(), "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := executor(t, ws, Options{NoMount: true})
	out, _ := sh(t, e, "ls -a; mkfifo made")
	if strings.Contains(out, "socket\n") || strings.Contains(out, "pipe\n") {
		t.Errorf("copied in: %q", out)
	}
	if made, _ := filepath.Glob(filepath.Join(ws.Dir(), "made")); len(made) > 0 {
		t.Error("a FIFO was copied back")
	}
}
