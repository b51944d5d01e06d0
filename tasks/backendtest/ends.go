package backendtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// The end of ctx ends a turn in any phase, and the task can have a further turn.
func cancelled(t *testing.T, open Open) {
	for name, first := range map[string]any{
		"model":   nil,
		"command": agenttest.Bash("", "hang"),
	} {
		t.Run("in a "+name, func(t *testing.T) {
			calls := make(chan string, 1)
			if first == nil {
				first = agenttest.Func(func(ctx context.Context, _ agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
					calls <- "model"
					<-ctx.Done()
					return agent.Reply{}, context.Cause(ctx)
				})
			}
			b := set(t, open, agenttest.Script(first, agenttest.Text("done")))
			a := b.assignment("cancel", "go")
			b.prepare(a)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				select {
				case <-calls:
				case <-b.begun:
				}
				cancel()
			}()
			out, _ := b.run(ctx, a)
			b.wantState(out, tasks.StateCancelled)
			b.finish(a)
		})
	}
	t.Run("before the turn", func(t *testing.T) {
		b := set(t, open, agenttest.Script(agenttest.Text("done")))
		a := b.assignment("cancel", "go")
		b.prepare(a)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if out, _ := b.run(ctx, a); out.State != tasks.StateCancelled && !out.NotBegun {
			t.Errorf("%+v", out)
		}
		b.finish(a)
	})
}

// The cause of ctx distinguishes a time limit from a cancel, and is in the
// outcome.
func timeLimit(t *testing.T, open Open) {
	b := set(t, open, agenttest.Script(agenttest.Bash("", "hang"), agenttest.Text("done")))
	a := b.assignment("limit", "go")
	b.prepare(a)
	limit := &runtime.TimeoutError{Limit: 100 * time.Millisecond}
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit.Limit, limit)
	defer cancel()
	out, _ := b.run(ctx, a)
	b.wantState(out, tasks.StateTimeout)
	var got *runtime.TimeoutError
	if !errors.As(out.Err, &got) || got.Limit != limit.Limit {
		t.Errorf("error %v", out.Err)
	}
	b.finish(a)
}

// Processes that a turn has left running end with it.
func leftRunning(t *testing.T, open Open) {
	var b *bench
	b = set(t, open, agenttest.Script(
		agenttest.Calling("", "bash", map[string]any{"cmd": "hang", "background": true}),
		func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			<-b.begun
			return agenttest.Text("done"), nil
		},
	))
	a := b.assignment("left", "go")
	b.prepare(a)
	b.finish(a)
}

// A panic fails only its own turn.
func panics(t *testing.T, open Open) {
	b := set(t, open, agenttest.Script(
		func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) { panic("oh dear") },
		agenttest.Text("another"), agenttest.Text("again"),
	))
	a, other := b.assignment("panics", "go"), b.assignment("other", "go")
	b.prepare(a)
	b.prepare(other)
	out, _ := b.run(t.Context(), a)
	b.wantState(out, tasks.StateFailed)
	if out.Err == nil || !strings.Contains(out.Err.Error(), "oh dear") || out.NotBegun {
		t.Errorf("%+v", out)
	}
	b.finish(other)
	b.finish(a)
}

// A turn without a place to work has not begun, and gives the reason. The files
// of the task stay for the next one.
func notBegun(t *testing.T, open Open) {
	b := set(t, open, agenttest.Script(write("f", "1"), agenttest.Text("one"), agenttest.Text("two")))
	a := b.assignment("broken", "go")
	b.prepare(a)
	b.finish(a)
	b.breakRuntimes(errors.New("no place"))
	out, progress := b.run(t.Context(), a)
	b.wantState(out, tasks.StateFailed)
	if !out.NotBegun || out.Err == nil || !strings.Contains(out.Err.Error(), "no place") || len(progress) != 0 {
		t.Errorf("%+v after %+v", out, progress)
	}
	b.breakRuntimes(nil)
	b.finish(a)
	b.wantFile(a.TaskID, "f", "1")
}

// The workspace of a task can be read while a turn runs, and after it.
func workspace(t *testing.T, open Open) {
	var b *bench
	var a tasks.Assignment
	look := func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		b.wantFile(a.TaskID, "half", "so far")
		return agenttest.Text("done"), nil
	}
	b = set(t, open, agenttest.Script(write("half", "so far"), look, look))
	a = b.assignment("looked", "go")
	b.wantNoWorkspace(a.TaskID)
	b.prepare(a)
	b.wantFile(a.TaskID, "half", "")
	b.finish(a)
	b.wantFile(a.TaskID, "half", "so far")
	b.finish(a)
}

// Discard leaves nothing, and may be called again. A later turn of the task is
// like one of a task that was not prepared.
func discard(t *testing.T, open Open) {
	model := agenttest.Script(write("f", "1"), agenttest.Text("one"), agenttest.Text("two"))
	b := set(t, open, model)
	a, unused, never := b.assignment("discarded", "go"), b.assignment("unused", "go"), b.assignment("never", "go")
	b.prepare(a)
	b.prepare(unused)
	b.finish(a)
	b.wantLeft(2)
	for range 2 {
		for _, task := range []tasks.Assignment{a, unused, never} {
			if err := b.Discard(t.Context(), task.TaskID); err != nil {
				t.Errorf("discard %s: %v", task.TaskID, err)
			}
			b.wantNoWorkspace(task.TaskID)
		}
		b.wantLeft(0)
	}
	b.finish(a)
	b.wantFile(a.TaskID, "f", "")
	if got := last(model.Requests()[2]); !strings.Contains(got, isNew) {
		t.Errorf("the turn after it was told %q", got)
	}
}
