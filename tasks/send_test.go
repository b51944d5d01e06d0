package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

// shell is a Runner that runs its prompt as a command.
var shell = runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
	res := turn.Runtime.Bash(ctx, turn.Prompt, runtime.BashOptions{})
	return tasks.Outcome{State: tasks.StateFinished, Text: res.Text, Steps: 1, Err: res.Err}
})

func (f *fixture) send(t testing.TB, id, prompt string) tasks.State {
	t.Helper()
	res, err := f.Send(t.Context(), tasks.SendParams{TaskID: id, Prompt: prompt})
	if err != nil || res.TaskID != id {
		t.Fatalf("%+v, %v", res, err)
	}
	return res.State
}

// Processes that a turn left running end with it, but a further turn can run
// commands again, in the same workspace.
func TestFurtherTurnInTheSameWorkspace(t *testing.T) {
	f := setup(t, true, shell, tasks.Options{})
	id := f.run(t, tasks.StartParams{Prompt: "echo one >a; sleep 1000 & echo begun", Name: "mine"}).TaskID
	for i, want := range []string{"$ cat a\none\n", "$ cat a\none\n"} {
		f.send(t, id, "cat a")
		if task := f.ended(t, id); task.Text != want || task.Steps != 1 || task.Prompt != "echo one >a; sleep 1000 & echo begun" || task.Name != "mine" {
			t.Errorf("turn %d: %+v", i+2, task)
		}
	}
	want := []tasks.State{"running", "finished", "running", "finished", "running", "finished"}
	if diff := cmp.Diff(want, f.told(id)); diff != "" {
		t.Error(diff)
	}
	if len(f.made) != 1 {
		t.Errorf("%d workspaces were made", len(f.made))
	}
}

func TestWaitingTask(t *testing.T) {
	var turns []inprocess.Turn
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		turns = append(turns, turn)
		if len(turns) == 2 {
			return tasks.Outcome{State: tasks.StateFinished, Text: "done"}
		}
		return tasks.Outcome{State: tasks.StateWaiting, Question: &event.TurnQuestion{Text: "Which?", Options: []string{"a"}}}
	}), tasks.Options{Max: 1})
	task := f.run(t, tasks.StartParams{Prompt: "go"}) // a wait ends: nothing goes on by itself
	if task.State != tasks.StateWaiting || task.Question == nil || task.Question.Text != "Which?" || task.EndedAt != nil {
		t.Fatalf("%+v", task)
	}
	if got := f.call(t, f.env, "task_status", `{"task_id":"`+task.TaskID+`"}`); got.Text != "waiting\n\nIt asks the user: Which?" {
		t.Errorf("task_status answered %+v", got)
	}
	if got := f.send(t, task.TaskID, "a"); got != tasks.StateRunning { // it held no slot
		t.Errorf("state %s", got)
	}
	if task := f.ended(t, task.TaskID); task.State != tasks.StateFinished || task.Text != "done" || task.Question != nil || task.EndedAt == nil {
		t.Errorf("%+v", task)
	}
	if turns[1].Prompt != "a" || turns[1].Task != "go" || turns[1].SessionID != turns[0].SessionID || turns[1].Lost {
		t.Errorf("the turn of the answer: %+v", turns[1])
	}
	f.send(t, task.TaskID, "again")
	f.ended(t, task.TaskID)
	for range 2 {
		if task, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: task.TaskID}); err != nil || task.State != tasks.StateCancelled || task.Question != nil || task.EndedAt == nil {
			t.Errorf("cancel of a waiting task: %+v, %v", task, err)
		}
	}
}

// Whether a user can answer depends on who gave the prompt.
func TestWhoCanAnswer(t *testing.T) {
	var mu sync.Mutex
	var alone []bool
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		mu.Lock()
		defer mu.Unlock()
		alone = append(alone, turn.ByAgent)
		return tasks.Outcome{State: tasks.StateFinished}
	}), tasks.Options{})
	f.run(t, tasks.StartParams{})
	if res := f.call(t, f.env, "delegate_task", `{"prompt":"go"}`); res.IsError {
		t.Fatal(res)
	}
	list, _ := f.List(t.Context(), tasks.ListParams{})
	id := list.Tasks[1].TaskID
	f.ended(t, id)
	f.send(t, id, "more")
	f.ended(t, id)
	if diff := cmp.Diff([]bool{false, true, false}, alone); diff != "" {
		t.Error(diff)
	}
}

func TestRefusedPrompts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unkept := errors.New("no place")
		f := setup(t, false, runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
			if turn.Prompt == "hang" {
				return waiting(ctx, turn)
			}
			return tasks.Outcome{State: tasks.StateFinished, Unkept: unkept}
		}), tasks.Options{})
		forgetful, busy := f.run(t, tasks.StartParams{}).TaskID, f.start(t, tasks.StartParams{Prompt: "hang"})
		for name, tt := range map[string]struct {
			p    tasks.SendParams
			want func(error) bool
		}{
			"empty":   {tasks.SendParams{TaskID: forgetful, Prompt: " "}, isInvalid("prompt")},
			"unknown": {tasks.SendParams{TaskID: "X", Prompt: "go"}, func(err error) bool { return errors.Is(err, tasks.ErrNotFound) }},
			"busy":    {tasks.SendParams{TaskID: busy, Prompt: "go"}, func(err error) bool { return errors.Is(err, tasks.ErrBusy) }},
			"unkept":  {tasks.SendParams{TaskID: forgetful, Prompt: "go"}, func(err error) bool { return errors.Is(err, unkept) }},
		} {
			if _, err := f.Send(t.Context(), tt.p); !tt.want(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestRestoredTasks(t *testing.T) {
	var lost []bool
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		lost = append(lost, turn.Lost)
		return tasks.Outcome{State: tasks.StateFinished, Text: turn.Prompt}
	}), tasks.Options{})
	own := f.run(t, tasks.StartParams{Prompt: "own"}).TaskID
	old := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var list []tasks.Restored
	for i := range 70 {
		list = append(list, tasks.Restored{
			TaskID: fmt.Sprintf("task_%02d", i), SessionID: fmt.Sprintf("s_%02d", i), Prompt: "p",
			StartedAt: old.Add(time.Duration(i) * time.Hour), EndedAt: old.Add(1000 * time.Hour),
			Outcome: tasks.Outcome{State: tasks.StateTimeout, Err: errors.New("timeout after 60s"), Steps: 2},
		})
	}
	list[69].Outcome = tasks.Outcome{State: tasks.StateInterrupted}
	list[68].Outcome = tasks.Outcome{State: tasks.StateWaiting, Question: &event.TurnQuestion{Text: "?"}}
	list = append(list,
		tasks.Restored{TaskID: own, Outcome: tasks.Outcome{State: tasks.StateFailed}}, // the manager knows it already
		tasks.Restored{TaskID: "task_bad", Outcome: tasks.Outcome{State: "odd"}, StartedAt: old.Add(time.Hour * 2000)})
	f.Restore(f.session, list)
	f.Restore(f.session, list) // a second time, with the same result
	res, _ := f.List(t.Context(), tasks.ListParams{})
	if n := len(res.Tasks); n != 64 || res.Tasks[0].TaskID != "task_07" || res.Tasks[62].TaskID != "task_69" || res.Tasks[63].State != tasks.StateFinished {
		t.Fatalf("%d tasks, from %+v to %+v", n, res.Tasks[0], res.Tasks[n-1])
	}
	if got := res.Tasks[0]; got.Status != "timeout after 60s" || got.Steps != 2 || got.EndedAt == nil || got.Changes == nil {
		t.Errorf("%+v", got)
	}
	if got := res.Tasks[61]; got.State != tasks.StateWaiting || got.EndedAt != nil || got.Question == nil {
		t.Errorf("%+v", got)
	}
	if _, err := f.Collect(t.Context(), tasks.CollectParams{TaskID: "task_69", Path: "f"}); !errors.Is(err, tasks.ErrNoWorkspace) {
		t.Errorf("collect: %v", err)
	}
	for range 2 {
		f.send(t, "task_69", "more")
		if task := f.ended(t, "task_69"); task.State != tasks.StateFinished || task.Text != "more" {
			t.Errorf("%+v", task)
		}
	}
	if diff := cmp.Diff([]bool{false, true, false}, lost); diff != "" {
		t.Error(diff)
	}
	if _, err := f.Remove(t.Context(), tasks.TaskParams{TaskID: "task_68"}); err != nil {
		t.Error(err)
	}
}

// Restored tasks keep their bounds; unknown ones are those of this server.
func TestRestoredBounds(t *testing.T) {
	turns := make(chan inprocess.Turn, 2)
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		turns <- turn
		return tasks.Outcome{State: tasks.StateFinished}
	}), tasks.Options{StepTimeout: time.Minute, TaskTimeout: time.Hour})
	bound := f.asking(t, "bound", "old")
	bound[0].StepTimeoutSeconds, bound[0].Limits = 120, event.Limits{TimeoutSeconds: 60, Tokens: 7, CostUSD: 0.5}
	f.Restore(f.session, bound)
	for _, want := range []tasks.Assignment{
		{TaskID: "bound", StepTimeoutSeconds: 120, Limits: event.Limits{TimeoutSeconds: 60, Tokens: 7, CostUSD: 0.5}},
		{TaskID: "old", StepTimeoutSeconds: 60, Limits: event.Limits{TimeoutSeconds: 3600}},
	} {
		f.send(t, want.TaskID, "go")
		turn := <-turns
		got := tasks.Assignment{TaskID: turn.TaskID, StepTimeoutSeconds: turn.StepTimeoutSeconds, Limits: turn.Limits}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		f.ended(t, want.TaskID)
	}
}

// A thousand concurrent callers: the limit holds, and the others get the error.
func TestThousandTasksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, waiting, tasks.Options{})
		var refused atomic.Int32
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				if i%2 == 0 {
					res := f.call(t, f.env, "delegate_task", `{"prompt":"go"}`)
					if res.IsError && res.Text == "[error] task limit reached: max 3 tasks reached; wait for one, cancel one or raise PYGENT_MAX_TASKS" {
						refused.Add(1)
					}
				} else if _, err := f.Start(t.Context(), tasks.StartParams{Prompt: "go"}); errors.Is(err, tasks.ErrLimit) {
					refused.Add(1)
				}
			})
		}
		all.Wait()
		if n := refused.Load(); n != 997 {
			t.Errorf("%d were refused", n)
		}
		if n, err := f.CancelOf(t.Context(), f.session); n != 3 || err != nil {
			t.Errorf("%d tasks of the session were cancelled, %v", n, err)
		}
	})
}

// A restored task that asks continues once with the answer; a prompt, a cancel
// and a second answer find no open approval.
func TestAnswerToRestoredTask(t *testing.T) {
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		if turn.Answer == nil {
			return tasks.Outcome{State: tasks.StateFinished, Text: turn.Prompt}
		}
		return tasks.Outcome{State: tasks.StateFinished, Text: fmt.Sprintf("%+v %v", *turn.Answer, turn.Lost)}
	}), tasks.Options{})
	silent := tasks.Restored{TaskID: "silent", Outcome: tasks.Outcome{State: tasks.StateInterrupted}}
	f.Restore(f.session, append(f.asking(t, "answered", "sent", "cancelled"), silent))
	answer := tasks.Answer{RequestKey: "a_1", Decision: "deny", Feedback: "no"}
	for id, want := range map[string]bool{"answered": true, "sent": true, "cancelled": true, "silent": false, "unknown": false} {
		if got := f.asks(t, id); got != want {
			t.Errorf("%s asks: %v", id, got)
		}
	}
	if err := f.Answer("answered", answer); err != nil {
		t.Fatal(err)
	}
	if task := f.ended(t, "answered"); task.Text != "{RequestKey:a_1 Decision:deny Feedback:no} true" {
		t.Errorf("%+v", task)
	}
	f.send(t, "sent", "more")
	if task := f.ended(t, "sent"); task.Text != "more" {
		t.Errorf("%+v", task)
	}
	for range 2 {
		if task, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: "cancelled"}); err != nil || task.State != tasks.StateCancelled || task.Status != "cancelled" {
			t.Errorf("%+v, %v", task, err)
		}
	}
	if diff := cmp.Diff([]tasks.State{tasks.StateCancelled}, f.told("cancelled")); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if task, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: "silent"}); err != nil || task.State != tasks.StateInterrupted {
		t.Errorf("%+v, %v", task, err)
	}
	for _, id := range []string{"answered", "sent", "cancelled", "silent"} {
		if err := f.Answer(id, answer); !errors.Is(err, tasks.ErrNotAsking) || f.asks(t, id) {
			t.Errorf("a further answer to %s: %v", id, err)
		}
	}
	if err := f.Answer("unknown", answer); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("an answer to no task: %v", err)
	}
}
