package inprocess_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/backendtest"
	"github.com/pygent/pygent/tasks/inprocess"
)

func TestBackend(t *testing.T) {
	backendtest.Run(t, func(_ *testing.T, parts backendtest.Parts) tasks.Backend {
		return inprocess.New(inprocess.Options{Runner: parts.Agents, NewRuntime: parts.NewRuntime})
	})
}

type runnerFunc func() tasks.Outcome

func (f runnerFunc) Run(context.Context, inprocess.Turn) tasks.Outcome { return f() }

// stuck is an executor that cannot be closed while err is set.
type stuck struct {
	*runtimetest.Fake
	err error
}

func (s *stuck) Close(ctx context.Context) error { return errors.Join(s.err, s.Fake.Close(ctx)) }

// A turn that leaves something running is not a success, however its Runner
// ended; a further call of Discard ends what the first could not.
func TestWhatCannotBeEnded(t *testing.T) {
	for _, tt := range []struct{ end, want tasks.State }{
		{tasks.StateFinished, tasks.StateFailed},
		{tasks.StateWaiting, tasks.StateFailed},
		{tasks.StateCancelled, tasks.StateFailed},
		{tasks.StateTimeout, tasks.StateTimeout},
	} {
		exec := &stuck{Fake: runtimetest.NewFake(nil, nil), err: errors.New("no daemon")}
		b := inprocess.New(inprocess.Options{
			Runner: runnerFunc(func() tasks.Outcome { return tasks.Outcome{State: tt.end} }),
			NewRuntime: func(context.Context, *runtime.Workspace) (*runtime.Runtime, error) {
				ws, err := runtime.TempWorkspace()
				return runtime.New(ws, exec, runtime.Options{}), err
			},
		})
		a := tasks.Assignment{TaskID: "task"}
		out := b.Run(t.Context(), a, func(tasks.Progress) {})
		if out.State != tt.want || !errors.Is(out.Err, exec.err) || !strings.HasPrefix(out.Err.Error(), "end what the task left running: ") {
			t.Errorf("%s: %+v", tt.end, out)
		}
		if err := b.Discard(t.Context(), a.TaskID); !errors.Is(err, exec.err) {
			t.Errorf("discard: %v", err)
		}
		exec.err = nil
		if err := b.Discard(t.Context(), a.TaskID); err != nil {
			t.Errorf("discard again: %v", err)
		}
		if _, err := b.Workspace(a.TaskID); !errors.Is(err, tasks.ErrNoWorkspace) {
			t.Errorf("the workspace after that: %v", err)
		}
	}
}

// The suite's panic is recovered by the agent, a Runner's own by the backend.
func TestRunnerPanics(t *testing.T) {
	b := inprocess.New(inprocess.Options{
		Runner: runnerFunc(func() tasks.Outcome { panic("oh dear") }),
		NewRuntime: func(context.Context, *runtime.Workspace) (*runtime.Runtime, error) {
			ws, err := runtime.TempWorkspace()
			return runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{}), err
		},
	})
	out := b.Run(t.Context(), tasks.Assignment{TaskID: "task"}, func(tasks.Progress) {})
	if out.State != tasks.StateFailed || out.Err == nil || out.Err.Error() != "panic: oh dear" {
		t.Errorf("%+v", out)
	}
	if err := b.Discard(t.Context(), "task"); err != nil {
		t.Error(err)
	}
}

// A backend without its parts is a fault of the program.
func TestNewPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New made a backend of nothing")
		}
	}()
	inprocess.New(inprocess.Options{})
}
