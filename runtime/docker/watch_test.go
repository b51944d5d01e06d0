package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/pygent/pygent/runtime"
)

// framed is a command that has written n frames, which have all arrived.
func framed(t *testing.T, n int, out writerFunc) *command {
	var stream bytes.Buffer
	w := stdcopy.NewStdWriter(&stream, stdcopy.Stdout)
	for i := range n {
		_, _ = fmt.Fprintln(w, i)
	}
	near, far := net.Pipe()
	t.Cleanup(func() { _ = far.Close() })
	c := &command{
		demux: newDemux(out), eof: make(chan struct{}),
		conn: types.HijackedResponse{Conn: near, Reader: bufio.NewReader(&stream)},
	}
	c.demux.begin()
	go c.read()
	return c
}

func TestStopWaitsForASlowReader(t *testing.T) {
	calls := 0
	c := framed(t, 4, func(p []byte) (int, error) {
		time.Sleep(2 * drainPatience)
		calls++
		return len(p), nil
	})
	c.stop(func() bool { return true })
	if calls != 4 {
		t.Errorf("%d of 4 frames came through", calls)
	}
}

func TestStopEndsASlowReader(t *testing.T) {
	const n = 2000
	calls := 0
	c := framed(t, n, func(p []byte) (int, error) {
		time.Sleep(5 * time.Millisecond)
		calls++
		return len(p), nil
	})
	began := time.Now()
	c.stop(func() bool { return false })
	if took := time.Since(began); took > 3*time.Second || calls == n {
		t.Errorf("took %v, for %d frames", took, calls)
	}
}

// TestSlowReader gets all of a command's output, although the end of the
// command is known much earlier.
func TestSlowReader(t *testing.T) {
	const want = 250_000
	e := executor(t, workspace(t), Options{})
	got := 0
	exit, err := e.Exec(context.Background(), runtime.Command{Script: fmt.Sprintf("head -c %d /dev/zero", want)}, writerFunc(func(p []byte) (int, error) {
		time.Sleep(300 * time.Millisecond)
		got += len(p)
		return len(p), nil
	}))
	if err != nil || exit.Code != 0 || got != want {
		t.Errorf("%+v, %v, %d of %d bytes", exit, err, got, want)
	}
}

func TestDeadlineWithASlowReader(t *testing.T) {
	e := executor(t, workspace(t), Options{})
	sh(t, e, "true")
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	began := time.Now()
	_, err := e.Exec(ctx, runtime.Command{Script: "while :; do echo x; done"}, writerFunc(func(p []byte) (int, error) {
		time.Sleep(5 * time.Millisecond)
		return len(p), nil
	}))
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 4*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}
