package runtimetest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// files are open only to use up the file descriptors of the process.
type files struct{ taken []*os.File }

// useUpFiles opens files until no descriptor is left. It lowers the limit of
// descriptors while the test runs.
func useUpFiles(t *testing.T) *files {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	few := was
	few.Cur = min(few.Cur, 1<<10)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	all := &files{}
	t.Cleanup(func() {
		all.release(len(all.taken))
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	})
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return all
		}
		all.taken = append(all.taken, f)
	}
}

// release closes n of the files.
func (a *files) release(n int) {
	for _, f := range a.taken[len(a.taken)-n:] {
		_ = f.Close()
	}
	a.taken = a.taken[:len(a.taken)-n]
}
