package docker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
)

// wantUnavailable asks for an ErrUnavailable whose text holds all of words.
func wantUnavailable(tb testing.TB, err error, words ...string) {
	tb.Helper()
	if !errors.Is(err, runtime.ErrUnavailable) {
		tb.Errorf("got %v, want an ErrUnavailable", err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			tb.Errorf("error %q does not say %q", err, word)
		}
	}
}

func TestContainerTouchedByHand(t *testing.T) {
	ctx := context.Background()
	client := connect(t)
	kill := func(id string) error { return client.api.ContainerKill(ctx, id, "KILL") }
	remove := func(id string) error {
		return client.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
	}
	pause := func(id string) error { return client.api.ContainerPause(ctx, id) }
	for _, tc := range []struct {
		name  string
		touch func(string) error
		word  string
	}{{"killed", kill, "gone"}, {"removed", remove, "gone"}, {"paused", pause, "paused"}} {
		t.Run(tc.name+" in mid-command", func(t *testing.T) {
			e := executor(t, workspace(t), Options{Client: client})
			started := make(chan struct{})
			touched := make(chan error, 1)
			go func() {
				<-started
				touched <- tc.touch(e.Info().ContainerID)
			}()
			sh(t, e, "true")
			exit, err := e.Exec(ctx, runtime.Command{Script: "echo; sleep 600"}, onceWriter(started))
			if touchErr := <-touched; touchErr != nil {
				t.Fatal(touchErr)
			}
			wantUnavailable(t, err, tc.word, "again")
			if exit != (runtime.Exit{}) {
				t.Errorf("an exit from a broken stream: %+v", exit)
			}
			if out, _ := sh(t, e, "echo next"); out != "next\n" {
				t.Errorf("the next command: %q", out)
			}
		})
		t.Run(tc.name+" between commands", func(t *testing.T) {
			e := executor(t, workspace(t), Options{Client: client})
			sh(t, e, "echo kept >file")
			if err := tc.touch(e.Info().ContainerID); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			_, err := e.Exec(ctx, runtime.Command{Script: "cat file"}, &out)
			if tc.name == "paused" {
				wantUnavailable(t, err, "paused")
			} else if err != nil || out.String() != "kept\n" {
				t.Errorf("%q, %v", out.String(), err)
			}
			if out, _ := sh(t, e, "cat file"); out != "kept\n" {
				t.Errorf("the next command: %q", out)
			}
		})
	}
}

func TestOutOfMemory(t *testing.T) {
	e := executor(t, workspace(t), Options{MemoryBytes: 64 << 20})
	if _, exit := sh(t, e, "head -c 200000000 /dev/zero | tail -c 200000000 >/dev/null"); !exit.OutOfMemory || exit.Code != 137 {
		t.Errorf("got %+v", exit)
	}
	if _, exit := sh(t, e, "exit 1"); exit.OutOfMemory {
		t.Errorf("the next command too: %+v", exit)
	}
}

// TestAtTheLimitOfProcesses ends commands that left no room for another
// process, and whose shells may have died of it.
func TestAtTheLimitOfProcesses(t *testing.T) {
	e := executor(t, workspace(t), Options{PIDs: 40})
	for name, script := range map[string]string{
		"bomb": "b() { b | b & }; b; while :; do b; done",
		"full": "i=0; while [ $i -lt 34 ]; do sleep 4600 & i=$((i+1)); done; wait",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		began := time.Now()
		exit, err := e.Exec(ctx, runtime.Command{Script: script}, &bytes.Buffer{})
		took := time.Since(began)
		cancel()
		t.Logf("%s: %+v, %v after %v", name, exit, err, took)
		if took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if out, _ := sh(t, e, "echo well"); out != "well\n" {
			t.Errorf("%s: the next command: %q", name, out)
		}
		wantNone(t, e, "sleep 4600")
	}
}

func TestProbe(t *testing.T) {
	client := connect(t)
	ctx := context.Background()
	wantUnavailable(t, client.Probe(ctx, "pygent-no-such-image:1"), "docker pull pygent-no-such-image:1")
	wantUnavailable(t, client.Probe(ctx, ""), "image")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := client.Probe(ended, testImage()); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of ctx: %v", err)
	}
}

func TestImageMissing(t *testing.T) {
	e := executor(t, workspace(t), Options{Image: "pygent-no-such-image:1"})
	_, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, &bytes.Buffer{})
	wantUnavailable(t, err, "docker pull pygent-no-such-image:1")
}

func TestDaemonDown(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "docker.sock")
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	client, err := Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	wantUnavailable(t, client.Probe(context.Background(), "x"), socket, "start it")
	e := New(workspace(t), Options{Client: client, Image: "x"})
	_, err = e.Exec(context.Background(), runtime.Command{Script: "true"}, &bytes.Buffer{})
	wantUnavailable(t, err, socket)
	if _, err := client.Reap(context.Background()); err == nil {
		t.Error("Reap succeeded")
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestConnectRefusesBadHost(t *testing.T) {
	t.Setenv("DOCKER_HOST", "nonsense")
	_, err := Connect()
	wantUnavailable(t, err, "DOCKER_HOST")
}

func TestCloseEndsCommands(t *testing.T) {
	e := executor(t, workspace(t), Options{})
	started := make(chan struct{})
	closed := make(chan error, 1)
	go func() { <-started; closed <- e.Close(context.Background()) }()
	_, err := e.Exec(context.Background(), runtime.Command{Script: "echo; sleep 600"}, onceWriter(started))
	wantUnavailable(t, err, "closed")
	if err := <-closed; err != nil {
		t.Error(err)
	}
	_, err = e.Exec(context.Background(), runtime.Command{Script: "true"}, &bytes.Buffer{})
	wantUnavailable(t, err, "closed")
}

func TestStartInterrupted(t *testing.T) {
	client := connect(t)
	t.Run("by the command's end", func(t *testing.T) {
		e := executor(t, workspace(t), Options{Client: client})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		if _, err := e.Exec(ctx, runtime.Command{Script: "touch ran"}, &bytes.Buffer{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if out, _ := sh(t, e, "ls"); out != "" {
			t.Errorf("the next command: %q", out)
		}
	})
	t.Run("by Close", func(t *testing.T) {
		for _, after := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond} {
			e := executor(t, workspace(t), Options{Client: client})
			ended := make(chan error, 1)
			go func() {
				_, err := e.Exec(context.Background(), runtime.Command{Script: "sleep 600"}, &bytes.Buffer{})
				ended <- err
			}()
			time.Sleep(after) // to meet different stages of the start
			if err := e.Close(context.Background()); err != nil {
				t.Error(err)
			}
			wantUnavailable(t, <-ended, "closed")
		}
	})
}

const ownerVariable = "PYGENT_TEST_OWNER"

// TestOwner is no test: it is the process that TestOwnerKilled kills.
func TestOwner(t *testing.T) {
	dir := os.Getenv(ownerVariable)
	if dir == "" {
		t.Skip("runs as a child of TestOwnerKilled")
	}
	ws, err := runtime.OpenWorkspace(dir, runtime.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	e := New(ws, Options{Client: connect(t), Image: testImage(), Instance: filepath.Base(dir)})
	_, err = e.Exec(context.Background(), runtime.Command{Script: "setsid sleep 4500 & touch ready; sleep 4501"}, os.Stderr)
	t.Fatal(err)
}

func TestOwnerKilled(t *testing.T) {
	client := connect(t)
	dir := filepath.Join(t.TempDir(), randomID())
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	owner := exec.Command(os.Args[0], "-test.run=^TestOwner$")
	owner.Env = append(os.Environ(), ownerVariable+"="+dir)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	ready := func() bool { _, err := os.Stat(filepath.Join(dir, "ready")); return err == nil }
	eventually(t, "the owner's command runs", 20*time.Second, ready)
	if len(containers(t, client, filepath.Base(dir))) != 1 {
		t.Error("the owner has no container")
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	eventually(t, "no container is left", 10*time.Second, func() bool { return len(containers(t, client, filepath.Base(dir))) == 0 })
}

func eventually(tb testing.TB, what string, patience time.Duration, ok func() bool) {
	tb.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > patience {
			tb.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	tb.Logf("%s after %v", what, time.Since(began))
}
