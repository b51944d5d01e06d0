package runtimetest

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// FillDisk writes files of 100 kB to its directory, about 5 MB per second.
const FillDisk = "i=0; while [ $i -lt 600 ]; do head -c 100000 /dev/zero >full$i; i=$((i+1)); sleep 0.02; done"

// SmallDisk mounts a file system in memory, of the given size, and returns its
// directory. It skips the test where only root can do that.
func SmallDisk(t *testing.T, bytes string) string {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("pygent-test", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size="+bytes)
	if errors.Is(err, unix.EPERM) {
		t.Skip("only root can mount a small disk")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}
