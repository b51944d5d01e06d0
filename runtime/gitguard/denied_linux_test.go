package gitguard_test

import (
	"os"
	goruntime "runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/gitguard"
)

// TestDenied: where this process can make no files, commands still run, because
// they cannot make any either.
func TestDenied(t *testing.T) {
	for _, repository := range []bool{false, true} {
		dir := t.TempDir()
		if repository {
			git(t, dir, "init", "-q")
		}
		for _, name := range []string{dir + "/.git", dir} {
			if err := os.Chmod(name, 0o555); err != nil && repository {
				t.Fatal(err)
			}
		}
		g, err := asOther(t, func() (gitguard.Guard, error) {
			return gitguard.Prepare(dir, gitguard.Options{Placeholders: true})
		})
		if err != nil || g.Stages() {
			t.Errorf("repository %t: %v", repository, err)
		}
		g.Release()
		must(t, os.Chmod(dir, 0o755))
	}
}

// asOther calls f with the rights of another user.
func asOther[T any](t *testing.T, f func() (T, error)) (T, error) {
	t.Helper()
	if os.Getuid() == 0 {
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
		for _, dir := range []string{"", "/.."} { // of the test, 0700
			must(t, os.Chmod(t.TempDir()+dir, 0o755))
		}
		if _, err := unix.SetfsuidRetUid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = unix.SetfsuidRetUid(0) }()
	}
	return f()
}
