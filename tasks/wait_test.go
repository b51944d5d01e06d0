package tasks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

// byPrompt is a Runner whose tasks take as long as their prompts say.
var byPrompt = runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
	d, err := time.ParseDuration(turn.Prompt)
	if err != nil {
		return tasks.Outcome{State: tasks.StateFailed, Err: err}
	}
	select {
	case <-time.After(d):
		return tasks.Outcome{State: tasks.StateFinished}
	case <-ctx.Done():
		return tasks.Outcome{State: tasks.StateCancelled, Err: context.Cause(ctx)}
	}
})

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, byPrompt, tasks.Options{})
		if res, err := f.Wait(t.Context(), tasks.WaitParams{}); err != nil || len(res.Done)+len(res.Pending) != 0 || res.Done == nil || res.Pending == nil {
			t.Errorf("without tasks: %+v, %v", res, err)
		}
		var ids []string
		for _, d := range []string{"1s", "1m", "1h"} {
			ids = append(ids, f.start(t, tasks.StartParams{Prompt: d}))
		}
		begin := time.Now()
		wait := func(p tasks.WaitParams, done, pending int, after time.Duration) {
			t.Helper()
			res, err := f.Wait(t.Context(), p)
			if err != nil || len(res.Done) != done || len(res.Pending) != pending || time.Since(begin) != after {
				t.Errorf("%+v: %d done, %d pending, %v after %v", p, len(res.Done), len(res.Pending), err, time.Since(begin))
			}
		}
		wait(tasks.WaitParams{TimeoutSeconds: seconds(0.5)}, 0, 3, 500*time.Millisecond)
		wait(tasks.WaitParams{TimeoutSeconds: seconds(0)}, 0, 3, 500*time.Millisecond)
		wait(tasks.WaitParams{Mode: "any"}, 1, 2, time.Second)
		wait(tasks.WaitParams{Mode: "any", TaskIDs: []string{ids[1], ids[2], ids[2]}}, 1, 1, time.Minute)
		wait(tasks.WaitParams{Mode: "all", TaskIDs: ids, TimeoutSeconds: seconds(60)}, 2, 1, 2*time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := f.Wait(ctx, tasks.WaitParams{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		wait(tasks.WaitParams{}, 1, 0, time.Hour)
		for field, p := range map[string]tasks.WaitParams{"mode": {Mode: "some"}, "timeoutSeconds": {TimeoutSeconds: seconds(-1)}} {
			_, err := f.Wait(t.Context(), p)
			var invalid *runtime.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != field {
				t.Errorf("%s: error %v", field, err)
			}
		}
	})
}

func TestListIsOldestFirstAndFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, byPrompt, tasks.Options{})
		for _, p := range []string{"1h", "1s", "bad"} {
			f.start(t, tasks.StartParams{Prompt: p})
		}
		time.Sleep(time.Minute)
		for state, want := range map[tasks.State][]string{
			"": {"1h", "1s", "bad"}, tasks.StateRunning: {"1h"}, tasks.StateFinished: {"1s"}, tasks.StateFailed: {"bad"},
		} {
			res, err := f.List(t.Context(), tasks.ListParams{State: state})
			var got []string
			for _, task := range res.Tasks {
				got = append(got, task.Prompt)
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil || res.Tasks == nil {
				t.Errorf("%q: %v\n%s", state, err, diff)
			}
		}
		const want = `state: "done" is no state of a task; give queued, running, waiting, finished, failed, timeout, stepLimit, budget, cancelled or interrupted`
		if _, err := f.List(t.Context(), tasks.ListParams{State: "done"}); err == nil || err.Error() != want {
			t.Errorf("error %v", err)
		}
	})
}
