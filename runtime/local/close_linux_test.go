package local_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

// TestGuardOutlivesAFailedClose: while a supervisor has not ended its commands
// may live, so the guard of .git must stay.
func TestGuardOutlivesAFailedClose(t *testing.T) {
	dir := newRepo(t, runtime.SandboxStrong, runtime.Limits{}).Workspace().Dir()
	ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e := local.New(ws, local.Options{Level: runtime.SandboxStrong, StateDir: t.TempDir()})
	rt := runtime.New(ws, e, runtime.Options{})
	cleanup(t, rt)
	before := childrenOf(t, "self")
	try(t, rt, "true", true)
	started := slices.DeleteFunc(childrenOf(t, "self"), func(pid string) bool { return slices.Contains(before, pid) })
	if len(started) != 1 {
		t.Fatalf("children %q", started)
	}
	pid, err := strconv.Atoi(started[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil { // it does not end by itself now
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Close(ctx); err == nil {
		t.Fatal("closed")
	}
	if _, err := os.Lstat(dir + "/.git/commondir"); err != nil {
		t.Errorf("the guard is gone: %v", err)
	}
}
