package inprocess

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// stopTimeout bounds the clean-up after a turn, because the turn's context has
// ended.
const stopTimeout = 10 * time.Second

// Runner runs a turn in its runtime. Agents is the Runner with a model.
type Runner interface {
	// Run has the contract of tasks.Backend. The backend cleans up the runtime.
	Run(ctx context.Context, t Turn) tasks.Outcome
}

// Turn is the input of a Runner.
type Turn struct {
	tasks.Assignment
	Runtime  *runtime.Runtime
	Lost     bool // the workspace of earlier turns is lost, this one is empty
	Progress func(tasks.Progress)
}

// Options configure a Backend. Both are needed.
type Options struct {
	Runner Runner

	// NewRuntime makes the runtime of a turn: in ws, which stays when this fails,
	// or for nil in a new, empty workspace.
	NewRuntime func(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error)
}

// Backend is a tasks.Backend.
type Backend struct {
	opts Options

	mu     sync.Mutex        // guards the fields below and the places
	places map[string]*place // by task id
}

// place is the workspace of a task, with its runtime.
type place struct {
	runtime *runtime.Runtime // of the last turn
	used    bool             // a turn has run in it
}

// New makes a Backend. It panics when an option is missing.
func New(opts Options) *Backend {
	if opts.Runner == nil || opts.NewRuntime == nil {
		panic("inprocess: New needs a Runner and NewRuntime")
	}
	return &Backend{opts: opts, places: map[string]*place{}}
}

// Prepare implements tasks.Backend.
func (b *Backend) Prepare(ctx context.Context, a tasks.Assignment, from *runtime.Workspace) (report runtime.CopyReport, err error) {
	rt, err := b.opts.NewRuntime(ctx, nil)
	if err != nil {
		return report, fmt.Errorf("make the task's workspace: %w", err)
	}
	for i, file := range a.Files {
		part, err := from.CopyTo(ctx, rt.Workspace(), file, file, runtime.CopyOptions{NoLines: true, Unguarded: true})
		field := fmt.Sprintf("files[%d]", i)
		switch {
		case errors.Is(err, runtime.ErrNotFound):
			err = &runtime.InvalidError{Field: field, Reason: err.Error()}
		case err != nil:
			err = fmt.Errorf("%s: %w", field, err)
		case len(part.Files) == 0 && len(part.Skipped) > 0:
			err = &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("%q: %s", file, part.Skipped[0].Reason)}
		}
		if err != nil {
			return report, errors.Join(err, cleanup(rt))
		}
		report.Skipped = append(report.Skipped, part.Skipped...)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.places[a.TaskID] = &place{runtime: rt}
	return report, nil
}

// Run implements tasks.Backend. It ends the processes that the turn left running;
// the files stay.
func (b *Backend) Run(ctx context.Context, a tasks.Assignment, progress func(tasks.Progress)) tasks.Outcome {
	rt, lost, err := b.enter(ctx, a.TaskID)
	if err != nil {
		return tasks.Outcome{State: tasks.StateFailed, Err: err, NotBegun: true}
	}
	out := b.call(ctx, Turn{Assignment: a, Runtime: rt, Lost: lost, Progress: progress})
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := rt.Stop(closing); err != nil {
		out.Err = errors.Join(out.Err, fmt.Errorf("end what the task left running: %w", err))
		if out.State == tasks.StateFinished || out.State == tasks.StateCancelled || out.State == tasks.StateWaiting {
			out.State = tasks.StateFailed
		}
	}
	return out
}

// call runs a turn. A panic of the Runner fails only that turn.
func (b *Backend) call(ctx context.Context, t Turn) (out tasks.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = tasks.Outcome{State: tasks.StateFailed, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return b.opts.Runner.Run(ctx, t)
}

// enter returns the runtime of a turn. A further turn gets a new one in the
// task's workspace, if that still exists, because each runtime ends with its
// turn.
func (b *Backend) enter(ctx context.Context, taskID string) (rt *runtime.Runtime, lost bool, err error) {
	b.mu.Lock()
	p := b.places[taskID]
	if p != nil && !p.used {
		p.used = true
		b.mu.Unlock()
		return p.runtime, false, nil
	}
	b.mu.Unlock()
	var ws *runtime.Workspace
	if p != nil {
		ws = p.runtime.Workspace()
	}
	if rt, err = b.opts.NewRuntime(ctx, ws); err != nil {
		return nil, false, fmt.Errorf("go on in the task's workspace: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.places[taskID] = &place{runtime: rt, used: true}
	return rt, ws == nil, nil
}

// Workspace implements tasks.Backend.
func (b *Backend) Workspace(taskID string) (*runtime.Runtime, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.places[taskID]; p != nil {
		return p.runtime, nil
	}
	return nil, fmt.Errorf("%w: task %s ran in a server that has ended; tasks/output has its events", tasks.ErrNoWorkspace, taskID)
}

// Discard implements tasks.Backend. After a failure, a further call tries again.
func (b *Backend) Discard(ctx context.Context, taskID string) error {
	b.mu.Lock()
	p := b.places[taskID]
	b.mu.Unlock()
	if p == nil {
		return nil
	}
	if err := p.runtime.Cleanup(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.places, taskID)
	return nil
}

// cleanup removes a runtime within its own time limit.
func cleanup(rt *runtime.Runtime) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return rt.Cleanup(ctx)
}
