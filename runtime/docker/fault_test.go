package docker

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
)

// wantUnavailable checks for an ErrUnavailable whose text contains all of
// words.
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

func TestContainerTouchedByHand(t *testing.T) { eachCommandWay(t, testContainerTouchedByHand) }

func testContainerTouchedByHand(t *testing.T, w way) {
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
			e := executor(t, workspace(t), w.with(Options{Client: client}))
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
			e := executor(t, workspace(t), w.with(Options{Client: client}))
			sh(t, e, "echo kept >file")
			if err := tc.touch(e.Info().ContainerID); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if s := e.current; s.sup != nil && tc.name != "paused" {
				// Until this process notices the end it cannot know whether a
				// command has begun.
				<-s.sup.Done()
			}
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

func TestImageMissing(t *testing.T) { eachCommandWay(t, testImageMissing) }

func testImageMissing(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{Image: "pygent-no-such-image:1"}))
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

func TestCloseEndsCommands(t *testing.T) { eachWay(t, testCloseEndsCommands) }

func testCloseEndsCommands(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{}))
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

func TestStartInterrupted(t *testing.T) { eachCommandWay(t, testStartInterrupted) }

func testStartInterrupted(t *testing.T, w way) {
	client := connect(t)
	t.Run("by the command's end", func(t *testing.T) {
		e := executor(t, workspace(t), w.with(Options{Client: client}))
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
			e := executor(t, workspace(t), w.with(Options{Client: client}))
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
