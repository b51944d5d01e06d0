package docker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

const ownerVariable = "PYGENT_TEST_OWNER"

// ownerDirs are the workspaces of one owner, in its directory; each has the ways'
// container of the same index.
const ownerDirs = 3

// TestOwner is no test: it is a server with three containers, for TestOwnerKilled
// to kill. Its directory's name is its instance.
func TestOwner(t *testing.T) {
	dir := os.Getenv(ownerVariable)
	if dir == "" {
		t.Skip("runs as a child of TestOwnerKilled")
	}
	client, program := connect(t), testProgram(t)
	ended := make(chan error)
	for i := range ownerDirs {
		ws, err := runtime.OpenWorkspace(filepath.Join(dir, fmt.Sprint(i)), runtime.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		opts := Options{Client: client, Image: testImage(), Supervisor: program, Instance: filepath.Base(dir)}
		e := New(ws, ways()[i].with(opts))
		go func() {
			_, err := e.Exec(context.Background(), runtime.Command{Script: "setsid sleep 4500 & touch ready; sleep 4501"}, os.Stderr)
			ended <- err
		}()
	}
	t.Fatal(<-ended)
}

// startOwner returns when all of the owner's commands run.
func startOwner(t *testing.T) (owner *exec.Cmd, instance string) {
	dir := filepath.Join(t.TempDir(), randomID())
	for i := range ownerDirs {
		if err := os.MkdirAll(filepath.Join(dir, fmt.Sprint(i)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	owner = exec.Command(os.Args[0], "-test.run=^TestOwner$")
	owner.Env = append(os.Environ(), ownerVariable+"="+dir)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = owner.Process.Kill()
		_ = owner.Wait()
	})
	eventually(t, "the owner's commands run", time.Minute, func() bool {
		for i := range ownerDirs {
			if _, err := os.Stat(filepath.Join(dir, fmt.Sprint(i), "ready")); err != nil {
				return false
			}
		}
		return true
	})
	return owner, filepath.Base(dir)
}

// TestOwnerKilled kills a server without warning. Its containers end with their
// processes, and those of another server stay.
func TestOwnerKilled(t *testing.T) {
	client := connect(t)
	owner, instance := startOwner(t)
	_, other := startOwner(t)
	if n := len(containers(t, client, instance)); n != ownerDirs {
		t.Errorf("the owner has %d containers", n)
	}
	began := time.Now()
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	eventually(t, "no container is left", 2*time.Second, func() bool { return len(containers(t, client, instance)) == 0 })
	t.Logf("all gone %v after the kill", time.Since(began))
	if _, err := client.Reap(context.Background()); err != nil {
		t.Error(err)
	}
	if n := len(containers(t, client, other)); n != ownerDirs {
		t.Errorf("the other server has %d containers left", n)
	}
}
