package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

func TestStatusTexts(t *testing.T) {
	tests := []struct {
		out    tasks.Outcome
		state  tasks.State
		status string
	}{
		{tasks.Outcome{State: tasks.StateFinished}, "finished", "finished"},
		{tasks.Outcome{State: tasks.StateCancelled, Err: context.Canceled}, "cancelled", "cancelled"},
		{tasks.Outcome{State: tasks.StateFailed, Err: errors.New("no model")}, "failed", "error: no model"},
		{tasks.Outcome{State: tasks.StateFailed}, "failed", "error: unknown"},
		{tasks.Outcome{State: tasks.StateTimeout, Err: fmt.Errorf("turn: %w", &runtime.TimeoutError{Limit: time.Minute})}, "timeout", "timeout after 60s"},
		{tasks.Outcome{State: tasks.StateTimeout, Err: &runtime.TimeoutError{Limit: 250 * time.Millisecond}}, "timeout", "timeout after 0.25s"},
		{tasks.Outcome{State: tasks.StateTimeout, Err: context.DeadlineExceeded}, "timeout", "timeout"},
		{tasks.Outcome{State: tasks.StateStepLimit, Steps: 50}, "stepLimit", "step limit reached after 50 steps"},
		{tasks.Outcome{State: tasks.StateBudget}, "budget", "token budget used up"},
		{tasks.Outcome{}, "failed", `error: the backend ended the task in state ""`},
		{tasks.Outcome{State: tasks.StateRunning}, "failed", `error: the backend ended the task in state "running"`},
	}
	for _, tt := range tests {
		f := setup(t, false, runnerFunc(func(context.Context, inprocess.Turn) tasks.Outcome { return tt.out }), tasks.Options{})
		if task := f.run(t, tasks.StartParams{}); task.State != tt.state || task.Status != tt.status {
			t.Errorf("%+v became %q, %q", tt.out, task.State, task.Status)
		}
	}
}

func TestUnknownTask(t *testing.T) {
	f := setup(t, false, finishing, tasks.Options{})
	for name, call := range map[string]func() error{
		"status": func() error { _, err := f.Status(t.Context(), tasks.TaskParams{TaskID: "X"}); return err },
		"cancel": func() error { _, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: "X"}); return err },
		"remove": func() error { _, err := f.Remove(t.Context(), tasks.TaskParams{TaskID: "X"}); return err },
		"wait":   func() error { _, err := f.Wait(t.Context(), tasks.WaitParams{TaskIDs: []string{"X"}}); return err },
		"collect": func() error {
			_, err := f.Collect(t.Context(), tasks.CollectParams{TaskID: "X", Path: "f"})
			return err
		},
	} {
		if err := call(); !errors.Is(err, tasks.ErrNotFound) || err.Error() != "Task X not found" {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if got := f.call(t, f.env, "task_status", `{"task_id":"X"}`); got.Text != "[error] Task X not found" {
		t.Errorf("task_status answered %+v", got)
	}
}

func TestPanicFailsItsTaskOnly(t *testing.T) {
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		if turn.Prompt == "panic" {
			panic("oh dear")
		}
		return tasks.Outcome{State: tasks.StateFinished}
	}), tasks.Options{Max: 1})
	if task := f.run(t, tasks.StartParams{Prompt: "panic"}); task.State != tasks.StateFailed || task.Status != "error: panic: oh dear" || task.Error != "panic: oh dear" {
		t.Errorf("task %+v", task)
	}
	if task := f.run(t, tasks.StartParams{}); task.State != tasks.StateFinished {
		t.Errorf("the next task: %+v", task)
	}
}

func TestCancelAnswersWhenNothingLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lives := false
		f := setup(t, false, runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
			lives = true
			out := waiting(ctx, turn)
			time.Sleep(time.Second) // it takes a while to end
			lives = false
			return out
		}), tasks.Options{Max: 1})
		f.telling = func(tasks.Task) { time.Sleep(time.Second) } // a slow client
		id := f.start(t, tasks.StartParams{})
		time.Sleep(time.Minute)
		first, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: id})
		if err != nil || lives || first.State != tasks.StateCancelled || first.Error != "cancelled" || first.EndedAt == nil {
			t.Errorf("%+v, %v, lives: %v", first, err, lives)
		}
		if diff := cmp.Diff([]tasks.State{tasks.StateRunning, tasks.StateCancelled}, f.told(id)); diff != "" {
			t.Errorf("the event comes before the answer:\n%s", diff)
		}
		for range 3 { // the same answer each time
			again, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: id})
			if diff := cmp.Diff(first, again); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		}
		done := f.start(t, tasks.StartParams{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := f.Cancel(ctx, tasks.TaskParams{TaskID: done}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestCancelOfAFinishedTaskChangesNothing(t *testing.T) {
	f := setup(t, false, finishing, tasks.Options{})
	want := f.run(t, tasks.StartParams{})
	got, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: want.TaskID})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// The original kept finished workspaces and containers for ever.
func TestRemoveDeletesTheWorkspace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, waiting, tasks.Options{})
		id := tasks.TaskParams{TaskID: f.start(t, tasks.StartParams{})}
		if _, err := f.Remove(t.Context(), id); !errors.Is(err, tasks.ErrRunning) {
			t.Errorf("a running task: error %v", err)
		}
		if _, err := f.Cancel(t.Context(), id); err != nil || f.workspaces() != 1 {
			t.Errorf("an ended task's files must stay: %v", err)
		}
		if res, err := f.Remove(t.Context(), id); err != nil || !res.Removed || f.workspaces() != 0 {
			t.Errorf("%+v, %v", res, err)
		}
		if _, err := f.Remove(t.Context(), id); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("the second time: error %v", err)
		}
	})
}

func TestEndedTasksAreCapped(t *testing.T) {
	const most = 64
	f := setup(t, false, finishing, tasks.Options{})
	var first string
	for i := range most + 5 {
		task := f.run(t, tasks.StartParams{Prompt: fmt.Sprint(i)})
		if i == 0 {
			first = task.TaskID
		}
	}
	list, err := f.List(t.Context(), tasks.ListParams{})
	if err != nil || len(list.Tasks) != most+1 || f.workspaces() != most+1 {
		t.Errorf("%d tasks and %d workspaces are kept, %v", len(list.Tasks), f.workspaces(), err)
	}
	if _, err := f.Status(t.Context(), tasks.TaskParams{TaskID: first}); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("the oldest: error %v", err)
	}
}

func TestLongTextIsBounded(t *testing.T) {
	f := setup(t, false, runnerFunc(func(context.Context, inprocess.Turn) tasks.Outcome {
		return tasks.Outcome{State: tasks.StateFinished, Text: strings.Repeat("x", 8<<20)}
	}), tasks.Options{})
	if task := f.run(t, tasks.StartParams{}); len(task.Text) > 2<<20 || !strings.Contains(task.Text, "bytes omitted") {
		t.Errorf("%d bytes", len(task.Text))
	}
}

func TestCloseIsBounded(t *testing.T) {
	release := make(chan struct{})
	f := setup(t, false, runnerFunc(func(context.Context, inprocess.Turn) tasks.Outcome {
		<-release
		return tasks.Outcome{State: tasks.StateFinished}
	}), tasks.Options{})
	id := f.start(t, tasks.StartParams{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := f.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 tasks did not end") {
		t.Errorf("error %v", err)
	}
	if _, err := f.Start(t.Context(), tasks.StartParams{Prompt: "late"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a start after Close: error %v", err)
	}
	close(release)
	f.ended(t, id)
}

func TestCloseWaitsForAStartUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, proceed := make(chan struct{}), make(chan struct{})
		rt := newRuntime(t, false)
		m := newManager(t, t.Context(), inprocess.Options{
			Runner: finishing,
			NewRuntime: func(context.Context, *runtime.Workspace) (*runtime.Runtime, error) {
				close(begun)
				<-proceed
				return rt, nil
			},
		})
		started, closed := make(chan error, 1), make(chan error, 1)
		go func() { _, err := m.Start(context.Background(), tasks.StartParams{Prompt: "go"}); started <- err }()
		<-begun
		go func() { closed <- m.Close(t.Context()) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close did not wait")
		default:
		}
		close(proceed)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if err := <-started; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if rt.Workspace().Check() == nil {
			t.Error("the workspace is left")
		}
	})
}

func TestTasksEndWithTheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, end := context.WithCancel(t.Context())
		m := newManager(t, life, inprocess.Options{
			Runner:     waiting,
			NewRuntime: func(context.Context, *runtime.Workspace) (*runtime.Runtime, error) { return newRuntime(t, false), nil },
		})
		if _, err := m.Start(t.Context(), tasks.StartParams{Prompt: "go"}); err != nil {
			t.Fatal(err)
		}
		end()
		if res, err := m.Wait(t.Context(), tasks.WaitParams{}); err != nil || len(res.Pending) != 0 {
			t.Errorf("%+v, %v", res, err)
		}
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// The progress of a task is visible while it runs, and is reported; progress
// after the end changes nothing.
func TestProgress(t *testing.T) {
	used := func(n int64) event.Usage { return event.Usage{InputTokens: 10 * n, OutputTokens: n} }
	round, seen := make(chan bool), make(chan bool)
	var late func(tasks.Progress)
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		late = turn.Progress
		for n := range int64(2) {
			<-round
			turn.Progress(tasks.Progress{Steps: int(n + 1), Usage: used(n + 1)})
			seen <- true
		}
		<-round
		return tasks.Outcome{State: tasks.StateFinished, Steps: 3, Usage: used(3)}
	}), tasks.Options{})
	id := f.start(t, tasks.StartParams{})
	for n := range 2 {
		round <- true
		<-seen
		task, err := f.Status(t.Context(), tasks.TaskParams{TaskID: id})
		list, _ := f.List(t.Context(), tasks.ListParams{State: tasks.StateRunning})
		if err != nil || task.Steps != n+1 || task.Usage != used(int64(n+1)) || len(list.Tasks) != 1 || list.Tasks[0].Steps != n+1 {
			t.Errorf("after round %d: %+v, listed %+v, %v", n+1, task, list.Tasks, err)
		}
	}
	round <- true
	f.ended(t, id)
	late(tasks.Progress{Steps: 9, Usage: used(9)})
	if task := f.ended(t, id); task.Steps != 3 || task.Usage != used(3) {
		t.Errorf("ended: %+v", task)
	}
	var told []int
	for _, task := range f.changes {
		told = append(told, task.Steps)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3}, told); diff != "" {
		t.Errorf("steps told (-want +got):\n%s", diff)
	}
}
