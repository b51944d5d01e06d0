package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// maxText bounds a task's last text, in bytes, because up to maxEnded of them are
// kept; head and tail stay.
const maxText = 1 << 20

// task is one delegated agent. Manager.mu guards all fields but job.
type task struct {
	job Assignment // without the fields that each turn sets

	task   Task
	unkept error           // why no further turn is possible
	asks   *event.Approval // the open approval of a restored task; nil: none
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing of the task runs and its end was reported
}

// ended reports whether nothing of the task runs and its end was reported.
func (t *task) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// change counts a complete change of t.task, and returns the task for the report.
// The caller has held Manager.mu since the change began.
func (t *task) change() Task {
	t.task.Revision++
	return t.task
}

// enter sets a task's state, if next may follow the present one.
func (t *task) enter(next State, status string) bool {
	if !t.task.State.leadsTo(next) {
		return false
	}
	t.task.State, t.task.Status = next, status
	if !next.active() && next != StateWaiting {
		now := time.Now().UTC()
		t.task.EndedAt = &now
	}
	return true
}

// turn is one turn of a task. One goroutine, Manager.run, owns it.
type turn struct {
	*task
	ctx    context.Context
	prompt string
	answer *Answer // the turn continues with it; nil: prompt begins one
	first  bool
	slot   chan struct{} // closed when the turn has one
	told   Task          // the task at the turn's start, for the report
}

// begin makes a turn of a task that is in its new state, and counts it for Close.
// The caller holds m.mu and starts Manager.run.
func (m *Manager) begin(t *task, prompt string) *turn {
	ctx, cancel := context.WithCancel(m.lifetime)
	t.cancel, t.done, t.asks = cancel, make(chan struct{}), nil
	t.task.EndedAt, t.task.Question = nil, nil
	t.task.Text, t.task.Error, t.task.Steps, t.task.Usage, t.task.Changes = "", "", 0, event.Usage{}, []runtime.Change{}
	return &turn{task: t, ctx: ctx, prompt: prompt, slot: make(chan struct{}), told: t.change()}
}

// run executes a turn, from its start to its one end.
func (m *Manager) run(tn *turn) {
	defer tn.cancel()
	m.report(tn.told)
	if !m.takeSlot(tn) {
		m.finish(tn.task, m.neverBegan(tn.ctx, tn.task), false)
		return
	}
	ctx := tn.ctx
	if limit := tn.job.Timeout(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &runtime.TimeoutError{Limit: limit})
		defer cancel()
	}
	m.finish(tn.task, m.work(ctx, tn), true)
}

// work runs a turn in the Backend. A further turn that is cancelled before it
// began counts as a cancel that the Backend did not see.
func (m *Manager) work(ctx context.Context, tn *turn) Outcome {
	job := tn.job
	job.Prompt, job.Answer = tn.prompt, tn.answer
	if !tn.first {
		job.ByAgent = false
	}
	out := m.opts.Backend.Run(ctx, job, func(p Progress) { m.progress(tn.task, p.Steps, p.Usage) })
	if out.NotBegun && ctx.Err() != nil {
		return m.neverBegan(ctx, tn.task)
	}
	if !StateRunning.leadsTo(out.State) {
		out.Err = errors.Join(out.Err, fmt.Errorf("the backend ended the task in state %q", out.State))
		out.State = StateFailed
	}
	return out
}

// progress records the progress of a running turn, and reports it.
func (m *Manager) progress(t *task, steps int, usage event.Usage) {
	m.mu.Lock()
	if t.task.State != StateRunning {
		m.mu.Unlock()
		return
	}
	t.task.Steps, t.task.Usage = steps, usage
	told := t.change()
	m.mu.Unlock()
	m.report(told)
}

// finish ends a turn; Manager.run calls it once. The slot is free before the new
// state is visible, and the event of the end is sent before waiters are released.
func (m *Manager) finish(t *task, out Outcome, slot bool) {
	m.mu.Lock()
	t.enter(out.State, statusText(out))
	t.task.Text, t.task.Steps, t.task.Usage = shorten(out.Text, maxText), out.Steps, out.Usage
	if out.State == StateWaiting {
		t.task.Question = out.Question
	}
	if out.Changes != nil {
		t.task.Changes = out.Changes
	}
	if out.Err != nil {
		t.task.Error = errorText(out)
	}
	t.unkept = out.Unkept
	if slot {
		m.freeSlot()
	}
	m.reportEnd(t)
}

// reportEnd reports a state in which nothing runs and then releases the waiters.
// The caller holds m.mu, which reportEnd releases.
func (m *Manager) reportEnd(t *task) {
	told := t.change()
	m.mu.Unlock()
	m.report(told)
	m.mu.Lock()
	defer m.mu.Unlock()
	close(t.done)
	m.leave()
}

// report sends the client the state of a task.
func (m *Manager) report(t Task) {
	if m.opts.Changed != nil {
		m.opts.Changed(brief(t))
	}
}

// leave decrements the count that Close waits for and wakes all waiters. The
// caller holds m.mu.
func (m *Manager) leave() {
	m.live--
	close(m.changed)
	m.changed = make(chan struct{})
}
