package supervisor_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/supervisor"
)

// serveSmallDisk is a supervisor with a disk of 16 MB on a directory.
func serveSmallDisk(dir string) int {
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m")
	if err == nil {
		err = unix.Mount("proc", "/proc", "proc", 0, "")
	}
	if err != nil {
		return fail(supervisor.Fail(os.Stdout, "mount", err))
	}
	return fail(supervisor.Serve(os.Stdin, os.Stdout, supervisor.Options{Disk: dir}))
}

// TestDiskIsNotFilled: the command that leaves too little is killed, and what it
// wrote does not keep others from running.
func TestDiskIsNotFilled(t *testing.T) {
	needNamespaces(t)
	dir := t.TempDir()
	c := startArgs(t, unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWPID, diskArg, dir)
	exit, err := c.Exec(t.Context(), sh("cd "+dir+"; "+runtimetest.FillDisk), io.Discard)
	if want := (runtime.Exit{Code: 137, Signal: "SIGKILL", OutOfDisk: true}); err != nil || exit != want {
		t.Errorf("%+v, %v", exit, err)
	}
	var out bytes.Buffer
	small := sh("cd " + dir + "; sleep 0.3; rm full*; echo fine")
	if exit, err := c.Exec(t.Context(), small, &out); err != nil || exit.Code != 0 || out.String() != "fine\n" {
		t.Errorf("afterwards: %q, %+v, %v", out.String(), exit, err)
	}
	if exit, err := c.Exec(t.Context(), sh("sleep 0.3"), io.Discard); err != nil || exit.Code != 0 {
		t.Errorf("with room again: %+v, %v", exit, err)
	}
}
