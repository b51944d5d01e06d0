package runtime_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/runtime"
)

// slowExecutor is an executor that writes pieces, one per second, and then ends
// on request or with ctx. It records how long it waited for out.
type slowExecutor struct {
	pieces []string
	block  bool
	waited time.Duration
}

func (e *slowExecutor) Exec(ctx context.Context, _ runtime.Command, out io.Writer) (runtime.Exit, error) {
	for _, p := range e.pieces {
		begin := time.Now()
		_, _ = io.WriteString(out, p)
		e.waited += time.Since(begin)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	if e.block {
		<-ctx.Done()
		return runtime.Exit{}, context.Cause(ctx)
	}
	return runtime.Exit{}, nil
}

func (e *slowExecutor) Info() runtime.Info          { return runtime.Info{} }
func (e *slowExecutor) Close(context.Context) error { return nil }

// TestSlowReaderDelaysNeitherCommandNorDeadline: a slow Output must not delay
// the executor.
func TestSlowReaderDelaysNeitherCommandNorDeadline(t *testing.T) {
	ws := workspace(t, nil)
	pieces := []string{"one ", "two ", "thr\xc3", "\xa9e ", "four\xc3"}
	const all = "one two thrée four\uFFFD"
	for name, c := range map[string]struct {
		slow    time.Duration // of each call of Output
		block   bool
		timeout time.Duration
		took    time.Duration
		live    string
	}{
		"fast":                          {0, false, time.Minute, 5 * time.Second, all},
		"slow":                          {4 * time.Second, false, time.Minute, 12 * time.Second, all},
		"slower than the limit":         {7 * time.Second, false, 9 * time.Second, 9*time.Second + 200*time.Millisecond, "one two thrée four\uFFFD"},
		"stalled":                       {time.Hour, false, 9 * time.Second, 9*time.Second + 200*time.Millisecond, "one "},
		"stalled, and slowExecutor out": {time.Hour, true, 9 * time.Second, 9*time.Second + 200*time.Millisecond, "one "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := &slowExecutor{pieces: pieces, block: c.block}
				rt := runtime.New(ws, fake, runtime.Options{})
				var mu sync.Mutex
				var live strings.Builder
				begin := time.Now()
				res := rt.Bash(t.Context(), "cmd", runtime.BashOptions{Timeout: c.timeout, Output: func(delta string) {
					mu.Lock()
					live.WriteString(delta)
					mu.Unlock()
					time.Sleep(c.slow)
				}})
				if took := time.Since(begin); took != c.took || fake.waited != 0 {
					t.Errorf("took %v, of which the executor waited %v", took, fake.waited)
				}
				if !strings.HasPrefix(res.Text, "$ cmd\n"+all) || res.TimedOut != c.block || res.TotalBytes != 20 {
					t.Errorf("%+v", res)
				}
				time.Sleep(2 * time.Hour) // the call that blocked has returned: no further call follows
				mu.Lock()
				defer mu.Unlock()
				if live.String() != c.live {
					t.Errorf("live output is %q", live.String())
				}
			})
		})
	}
}

// TestLiveOutputIsBounded: a flood of output that nobody reads costs no more
// memory than its kept part.
func TestLiveOutputIsBounded(t *testing.T) {
	flood := &slowExecutor{pieces: []string{strings.Repeat("x", 1<<20)}}
	rt := runtime.New(workspace(t, nil), flood, runtime.Options{OutputBytes: 1000})
	n := 0
	rt.Bash(t.Context(), "cmd", runtime.BashOptions{Output: func(delta string) { n += len(delta) }})
	if n < 1000 || n > 1100 {
		t.Errorf("%d bytes of live output", n)
	}
}
