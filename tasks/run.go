package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// maxText bounds a task's last words, of which up to maxEnded are kept, in
// bytes; head and tail stay.
const maxText = 1 << 20

// task is one delegated agent. One goroutine, Manager.run, owns it.
type task struct {
	id      string
	job     Job
	runtime *runtime.Runtime
	limit   time.Duration // of the whole task; 0 is none
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{} // closed when nothing of the task lives and its end was told

	mu   sync.Mutex
	task Task
}

func (t *task) view() Task {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.task
}

// Bounds of a task's texts where many tasks are told of, in bytes.
const (
	briefPrompt = 1 << 10
	briefText   = 4 << 10
)

// brief is view for lists and notifications, whose size must not grow with what
// tasks say: the whole texts are in tasks/status.
func (t *task) brief() Task {
	v := t.view()
	v.Prompt, v.Text, v.Error = shorten(v.Prompt, briefPrompt), shorten(v.Text, briefText), shorten(v.Error, briefText)
	v.Status = shorten(v.Status, briefText)
	return v
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
	m.tell(t)

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
	if err := t.runtime.Stop(closing); err != nil {
		out.Err = errors.Join(out.Err, fmt.Errorf("end what the task left running: %w", err))
		if out.State == StateFinished || out.State == StateCancelled {
			out.State = StateFailed
		}
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
	out = m.opts.Runner.Run(ctx, job)
	if !slices.Contains(terminalStates, out.State) {
		out.Err = errors.Join(out.Err, fmt.Errorf("the runner ended the task in state %q", out.State))
		out.State = StateFailed
	}
	return out
}

// finish is the one way into a terminal state: Manager.run calls it once. Whoever
// sees the new state finds the slot free; whoever waited for the end was
// overtaken by the event that tells of it.
func (m *Manager) finish(t *task, out Outcome) {
	now := time.Now().UTC()
	m.mu.Lock()
	t.mu.Lock()
	t.task.State, t.task.Status = out.State, statusText(out)
	t.task.EndedAt = &now
	t.task.Text, t.task.Steps, t.task.Usage = shorten(out.Text, maxText), out.Steps, out.Usage
	if out.Changes != nil {
		t.task.Changes = out.Changes
	}
	if out.Err != nil {
		t.task.Error = shorten(out.Err.Error(), maxText)
	}
	t.mu.Unlock()
	m.slots--
	m.mu.Unlock()
	m.tell(t)

	m.mu.Lock()
	defer m.mu.Unlock()
	close(t.done)
	m.leave()
}

// tell tells the client that t has changed.
func (m *Manager) tell(t *task) {
	if m.opts.Changed != nil {
		m.opts.Changed(t.brief())
	}
}

// leave counts down what Close waits for and wakes all who wait. The caller
// holds m.mu.
func (m *Manager) leave() {
	m.live--
	close(m.changed)
	m.changed = make(chan struct{})
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
		return "timeout"
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
	return shorten(err.Error(), maxText)
}

// shorten keeps head and tail of s, most bytes in all.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	out := runtime.NewOutput(most)
	_, _ = out.Write([]byte(s)) // it never fails
	return out.String()
}
