package tasks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// task is one delegated agent. One goroutine, Manager.run, owns it.
type task struct {
	id      string
	job     Job
	runtime *runtime.Runtime
	limit   time.Duration // of the whole task; 0 is none
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed when nothing of the task lives

	mu   sync.Mutex
	task Task
}

func (t *task) view() Task {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.task
}

func (t *task) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// run is the life of a task, to its one terminal event.
func (m *Manager) run(t *task) {
	defer t.cancel()
	m.publish(t)

	ctx := t.ctx
	if t.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.limit, &runtime.TimeoutError{Limit: t.limit})
		defer cancel()
	}
	out := m.work(ctx, t.job)

	// What the task left running ends with it; its files stay to be collected.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := t.runtime.Stop(closing); err != nil && out.Err == nil {
		out.State, out.Err = StateFailed, fmt.Errorf("clean up: %w", err)
	}
	m.finish(t, out)
}

// work runs the job; a Runner that panics fails its task and nothing else.
func (m *Manager) work(ctx context.Context, job Job) (out Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = Outcome{State: StateFailed, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return m.opts.Runner.Run(ctx, job)
}

// finish is the one way into a terminal state: Manager.run calls it once.
func (m *Manager) finish(t *task, out Outcome) {
	now := time.Now().UTC()
	m.mu.Lock() // whoever sees the new state sees the slot free and the task ended
	t.mu.Lock()
	t.task.State, t.task.Status = out.State, statusText(out)
	t.task.EndedAt = &now
	t.task.Text, t.task.Steps, t.task.Usage = out.Text, out.Steps, out.Usage
	if out.Changes != nil {
		t.task.Changes = out.Changes
	}
	if out.Err != nil {
		t.task.Error = out.Err.Error()
	}
	t.mu.Unlock()
	m.slots--
	close(t.done)
	m.mu.Unlock()
	m.publish(t)
}

// publish tells the waiting and the client that t has changed.
func (m *Manager) publish(t *task) {
	m.mu.Lock()
	close(m.changed)
	m.changed = make(chan struct{})
	m.mu.Unlock()
	if m.opts.Changed != nil {
		m.opts.Changed(t.view())
	}
}

// statusText is the reference's wording.
func statusText(out Outcome) string {
	switch out.State {
	case StateFailed:
		return "error: " + errorText(out.Err)
	case StateTimeout:
		var limit *runtime.TimeoutError
		if errors.As(out.Err, &limit) {
			return limit.Error()
		}
		return errorText(out.Err)
	case StateStepLimit:
		return fmt.Sprintf("step limit reached after %d steps", out.Steps)
	case StateBudget:
		return "token budget used up"
	default:
		return out.State
	}
}

func errorText(err error) string {
	if err == nil {
		return "unknown"
	}
	return err.Error()
}
