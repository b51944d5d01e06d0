package local_test

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestInsideHostSockets(t *testing.T) {
	insideOnly(t)
	runtimetest.HostSockets(t, newRepo(t, runtime.SandboxStrong, runtime.Limits{}), "./attacker "+runtimetest.SocketArg)
}

func TestInsideLeftFIFO(t *testing.T) {
	insideOnly(t)
	runtimetest.LeftFIFO(t, func() *runtime.Runtime { return newRepo(t, runtime.SandboxStrong, runtime.Limits{}) })
}

// TestInsideNamedSockets: a socket is not masked if the user names it itself;
// naming its directory is not enough.
func TestInsideNamedSockets(t *testing.T) {
	insideOnly(t)
	ws, err := runtime.OpenWorkspace(t.TempDir(), runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir, read, write := t.TempDir(), t.TempDir(), t.TempDir()
	open := map[string]bool{dir + "/s": true, ws.Dir() + "/s": true, read + "/s": true, read + "/t": false, write + "/t": false, ws.Dir() + "/t": false}
	for path := range open {
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	runtimetest.CopyProgram(t, "/proc/self/exe", ws.Dir()+"/attacker")
	rt := runtime.New(ws, local.New(ws, local.Options{
		Level: runtime.SandboxStrong, StateDir: t.TempDir(),
		ReadPaths: []string{read, dir + "/s", ws.Dir() + "/s", read + "/s"}, WritePaths: []string{write},
	}), runtime.Options{})
	cleanup(t, rt)
	for path, want := range open {
		res := rt.Bash(t.Context(), "./attacker "+attackArg+" dial unix "+path, runtime.BashOptions{})
		if got := strings.Contains(res.Text, broken); got != want {
			t.Errorf("%s: %t\n%s", path, got, res.Text)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestInsideSharedNetwork: there the host's own list includes the sockets of
// commands.
func TestInsideSharedNetwork(t *testing.T) {
	insideOnly(t)
	ws, err := runtime.OpenWorkspace(t.TempDir(), runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	runtimetest.CopyProgram(t, "/proc/self/exe", ws.Dir()+"/attacker")
	opts := local.Options{Level: runtime.SandboxStrong, StateDir: t.TempDir(), Network: runtime.Network{Full: true}}
	rt := runtime.New(ws, local.New(ws, opts), runtime.Options{})
	cleanup(t, rt)
	runtimetest.OwnSockets(t, rt, "./attacker "+runtimetest.SocketArg)
	l, err := net.Listen("unix", ws.Dir()+"/later")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if res := rt.Bash(t.Context(), "./attacker "+attackArg+" dial unix later", runtime.BashOptions{}); strings.Contains(res.Text, broken) {
		t.Errorf("%s", res.Text)
	}
}
