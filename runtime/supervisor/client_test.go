package supervisor_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/supervisor"
)

// frame is one as the package's comment has it.
func frame(kind, id byte, payload string) string {
	n := 5 + len(payload)
	return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), kind, 0, 0, 0, id}) + payload
}

// play connects a client to a fake child that sends fixed frames, after it
// received one if answer is set.
func play(t *testing.T, answer bool, say ...string) *supervisor.Client {
	t.Helper()
	host, child := net.Pipe()
	c := supervisor.NewClient(host, host)
	t.Cleanup(func() { _, _ = c.Close(), child.Close() })
	asked := make(chan struct{})
	go func() {
		_, _ = io.ReadFull(child, make([]byte, 1))
		close(asked)
		_, _ = io.Copy(io.Discard, child)
	}()
	go func() {
		if answer {
			<-asked
		}
		for _, f := range say {
			if _, err := io.WriteString(child, f); err != nil {
				return
			}
		}
	}()
	return c
}

const (
	ready  = 5
	failed = 6
	output = 7
	ended  = 8
)

func TestChildThatBreaksTheRules(t *testing.T) {
	chunk := frame(output, 1, string(make([]byte, 32<<10)))
	for name, say := range map[string][]string{
		"ready twice":       {frame(ready, 0, "{}"), frame(ready, 0, "{}")},
		"no such kind":      {frame(99, 0, "")},
		"a host's kind":     {frame(2, 1, "{}")},
		"too long":          {"\x7f\xff\xff\xff\x07\x00\x00\x00\x01"},
		"too short":         {"\x00\x00\x00\x01\x07\x00\x00\x00\x01"},
		"long output":       {frame(output, 1, string(make([]byte, 33<<10)))},
		"no JSON":           {frame(ended, 1, "{")},
		"beyond its credit": {chunk, chunk, chunk, chunk, chunk, chunk, chunk, chunk, chunk},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			c := play(t, true, say...)
			_, err := c.Exec(ctx, supervisor.Start{Argv: []string{"x"}}, stuck{})
			if !errors.Is(err, runtime.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			<-c.Done()
		})
	}
}

// stuck is a consumer that is slow at first, so that no credit goes out early.
type stuck struct{}

func (stuck) Write(p []byte) (int, error) {
	time.Sleep(50 * time.Millisecond)
	return len(p), nil
}

func TestChildsFailureIsTold(t *testing.T) {
	c := play(t, false, frame(failed, 0, `{"step":"mount","error":"no way"}`))
	if err := c.Ready(t.Context()); !errors.Is(err, runtime.ErrUnavailable) || !errors.Is(err, c.Err()) {
		t.Errorf("got %v", err)
	} else if want := "mount: no way"; err.Error()[len(err.Error())-len(want):] != want {
		t.Errorf("got %v", err)
	}
}

// TestMuteChildIsGivenUp: the child gets a command and a kill and answers
// neither.
func TestMuteChildIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := play(t, false, frame(ready, 0, "{}"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		_, err := c.Exec(ctx, supervisor.Start{Argv: []string{"x"}}, io.Discard)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > time.Hour+10*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		<-c.Done()
		if !errors.Is(c.Err(), runtime.ErrUnavailable) {
			t.Errorf("afterwards: %v", c.Err())
		}
	})
}

func TestTooLongCommandHarmsNobody(t *testing.T) {
	c := play(t, false, frame(ready, 0, "{}"))
	_, err := c.Exec(t.Context(), supervisor.Start{Argv: []string{string(make([]byte, 2<<20))}}, io.Discard)
	if !errors.Is(err, runtime.ErrUnavailable) || c.Err() != nil {
		t.Errorf("%v, connection %v", err, c.Err())
	}
}
