package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// endCases are about commands that do not end by themselves.
var endCases = []testCase{
	{"OutputIsKeptAtTimeout", func(t *testing.T, rt *runtime.Runtime) {
		begin := time.Now()
		res := rt.Bash(t.Context(), "echo partial; echo more >&2; sleep 100", runtime.BashOptions{Timeout: time.Second})
		took(t, begin, time.Second+backWithin+slack)
		if !res.TimedOut || res.ExitCode != nil || !strings.HasSuffix(res.Text, "\npartial\nmore\n[timeout after 1s]") {
			t.Errorf("timedOut %t, exit code %v:\n%s", res.TimedOut, res.ExitCode, res.Text)
		}
	}},
	{"CancelKeepsOutput", func(t *testing.T, rt *runtime.Runtime) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		res := rt.Bash(ctx, "echo partial; sleep 100", runtime.BashOptions{Output: func(string) { cancel() }})
		if res.TimedOut || res.Err != nil || !strings.HasSuffix(res.Text, "\npartial\n[cancelled]") {
			t.Errorf("timedOut %t, err %v:\n%s", res.TimedOut, res.Err, res.Text)
		}
	}},
	{"CancelledBeforeStartRunsNothing", func(t *testing.T, rt *runtime.Runtime) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		res := rt.Bash(ctx, "echo ran >never", runtime.BashOptions{})
		if !strings.HasSuffix(res.Text, "\n[cancelled]") || size(t, rt, "never") != 0 {
			t.Errorf("got:\n%s", res.Text)
		}
	}},
	{"CallersDeadlineIsNamed", func(t *testing.T, rt *runtime.Runtime) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, &runtime.TimeoutError{Limit: 5 * time.Second})
		defer cancel()
		begin := time.Now()
		res := rt.Bash(ctx, "sleep 100", runtime.BashOptions{})
		took(t, begin, time.Second+backWithin+slack)
		if !res.TimedOut || !strings.HasSuffix(res.Text, "\n[timeout after 5s]") {
			t.Errorf("timedOut %t:\n%s", res.TimedOut, res.Text)
		}
	}},
	{"SlowReaderLosesNothing", func(t *testing.T, rt *runtime.Runtime) {
		var live strings.Builder
		res := rt.Bash(t.Context(), "echo begin; head -c 48890 /dev/zero | tr '\\000' x; echo end >&2", runtime.BashOptions{Timeout: patience, Output: func(delta string) {
			time.Sleep(400 * time.Millisecond)
			live.WriteString(delta)
		}})
		want := "begin\n" + strings.Repeat("x", 48890) + "end\n"
		_, kept, _ := strings.Cut(res.Text, "\n")
		if kept != want || live.String() != want {
			t.Errorf("%d bytes kept, %d live, want %d: err %v", len(kept), live.Len(), len(want), res.Err)
		}
	}},
	{"StalledReaderHoldsNothingUp", func(t *testing.T, rt *runtime.Runtime) {
		goOn := make(chan struct{})
		defer close(goOn)
		begin := time.Now()
		res := rt.Bash(t.Context(), "echo partial; yes", runtime.BashOptions{Timeout: 2 * time.Second, Output: func(string) { <-goOn }})
		took(t, begin, 2*time.Second+backWithin+slack)
		if !res.TimedOut || !strings.Contains(res.Text, "\npartial\ny\n") || res.TotalBytes <= runtime.DefaultOutputBytes {
			t.Errorf("timedOut %t, %d bytes:\n%.100s", res.TimedOut, res.TotalBytes, res.Text)
		}
	}},
	{"ConcurrentCommandsAreIndependent", func(t *testing.T, rt *runtime.Runtime) {
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				if i%2 == 0 { // ends at once and leaves something to kill
					rt.Bash(t.Context(), "sleep 100 & setsid sleep 100 & exit 0", runtime.BashOptions{Timeout: patience})
					return
				}
				cmd := fmt.Sprintf("(sleep 1; echo child %d) & wait; echo %d", i, i)
				want := fmt.Sprintf("$ %s\nchild %d\n%d\n", cmd, i, i)
				if res := rt.Bash(t.Context(), cmd, runtime.BashOptions{Timeout: patience}); res.Text != want {
					t.Errorf("got:\n%s", res.Text)
				}
			})
		}
		all.Wait()
	}},
}

// closeEndsAll closes the runtime while a command runs.
func closeEndsAll(t *testing.T, rt *runtime.Runtime) {
	ended := make(chan runtime.Result, 1)
	go func() {
		ended <- rt.Bash(context.Background(), beating("beat")+" & "+beating("other"), runtime.BashOptions{Timeout: time.Hour})
	}()
	waitFor(t, rt, "beat")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	begin := time.Now()
	if err := rt.Cleanup(ctx); err != nil {
		t.Errorf("Cleanup: %v", err)
	}
	select {
	case res := <-ended:
		if !errors.Is(res.Err, runtime.ErrUnavailable) {
			t.Errorf("err %v:\n%s", res.Err, res.Text)
		}
	case <-time.After(patience):
		t.Fatal("the command goes on after Close")
	}
	took(t, begin, 10*time.Second)
}

// execAfterClose requires that a command after Close fails, without blocking or
// running.
func execAfterClose(t *testing.T, rt *runtime.Runtime) {
	bash(t, rt, "true")
	if err := rt.Cleanup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if res := rt.Bash(t.Context(), "echo ran", runtime.BashOptions{}); res.Err == nil || !strings.Contains(res.Text, "\n[error] ") {
		t.Errorf("err %v:\n%s", res.Err, res.Text)
	}
}
