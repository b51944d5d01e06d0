package backendtest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// assignment returns the first turn of a task.
func (b *bench) assignment(name, prompt string, files ...string) tasks.Assignment {
	return tasks.Assignment{
		TaskID: "task_" + name, SessionID: "s_" + name, ParentSessionID: b.parent.SessionID, Name: name,
		Task: prompt, Prompt: prompt, Files: files,
	}
}

// prepare prepares a task. It must succeed.
func (b *bench) prepare(a tasks.Assignment) runtime.CopyReport {
	b.t.Helper()
	b.ids[a.TaskID] = true
	report, err := b.Prepare(b.t.Context(), a, b.parent.Runtime.Workspace())
	if err != nil {
		b.t.Fatalf("prepare %s: %v", a.TaskID, err)
	}
	return report
}

// run runs a turn of a task. When it ends, nothing of it may run any more.
func (b *bench) run(ctx context.Context, a tasks.Assignment) (tasks.Outcome, []tasks.Progress) {
	b.t.Helper()
	b.ids[a.TaskID] = true
	out, all := b.runBeside(ctx, a)
	if n := b.running.Load(); n != 0 {
		b.t.Errorf("%s: %d calls of the model or commands outlive the turn", a.TaskID, n)
	}
	return out, all
}

// runBeside runs a turn while others run.
func (b *bench) runBeside(ctx context.Context, a tasks.Assignment) (out tasks.Outcome, all []tasks.Progress) {
	var inside atomic.Int32
	var ended atomic.Bool
	out = b.Run(ctx, a, func(p tasks.Progress) {
		if inside.Add(1) != 1 || ended.Load() {
			b.t.Errorf("%s: progress comes from two goroutines, or after the turn", a.TaskID)
		}
		all = append(all, p)
		inside.Add(-1)
	})
	ended.Store(true)
	return out, all
}

// finish runs a turn that must finish.
func (b *bench) finish(a tasks.Assignment) tasks.Outcome {
	b.t.Helper()
	out, _ := b.run(b.t.Context(), a)
	b.wantState(out, tasks.StateFinished)
	return out
}

func (b *bench) wantState(out tasks.Outcome, want tasks.State) {
	b.t.Helper()
	if out.State != want {
		b.t.Errorf("the turn ended as %q, want %q: %+v", out.State, want, out)
	}
}

// wantFile fails unless a task's workspace has a file with the content; "" means that
// it has no such file.
func (b *bench) wantFile(taskID, name, want string) {
	b.t.Helper()
	rt, err := b.Workspace(taskID)
	if err != nil {
		b.t.Errorf("workspace of %s: %v", taskID, err)
		return
	}
	got, _, _, err := rt.ReadFile(name, false)
	if missing := errors.Is(err, runtime.ErrNotFound); got != want || missing != (want == "") || err != nil && !missing {
		b.t.Errorf("%s of %s: %q, %v; want %q", name, taskID, got, err, want)
	}
}

func (b *bench) wantNoWorkspace(taskID string) {
	b.t.Helper()
	if rt, err := b.Workspace(taskID); !errors.Is(err, tasks.ErrNoWorkspace) {
		b.t.Errorf("workspace of %s: %v, %v; want ErrNoWorkspace", taskID, rt, err)
	}
}
