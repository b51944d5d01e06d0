package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pygent/pygent/runtime"
)

// maxText bounds a task's last words, of which up to maxEnded are kept, in
// bytes; head and tail stay.
const maxText = 1 << 20

// task is one delegated agent. All but job is guarded by Manager.mu.
type task struct {
	job Job // without what each turn has of its own

	task    Task
	runtime *runtime.Runtime // of its last turn; nil: its workspace is gone
	unkept  error            // why it can have no further turn
	asks    bool             // restored, and the last server's question to the user is open
	cancel  context.CancelFunc
	done    chan struct{} // closed when nothing of the task lives and its end was told
}

// ended reports whether nothing of the task lives and its end was told.
func (t *task) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// enter makes a task's state the next one, if that may follow.
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
	answer *Answer // the turn goes on with it; nil: prompt begins one
	first  bool
	slot   chan struct{} // closed when the turn has one
	told   Task          // the task as the turn began, to be told
}

// begin makes a turn of a task whose state was entered, and counts it among what
// Close waits for. The caller holds m.mu and starts Manager.run.
func (m *Manager) begin(t *task, prompt string) *turn {
	ctx, cancel := context.WithCancel(m.lifetime)
	t.cancel, t.done, t.asks = cancel, make(chan struct{}), false
	t.task.EndedAt, t.task.Question = nil, nil
	t.task.Text, t.task.Error, t.task.Steps, t.task.Usage, t.task.Changes = "", "", 0, Usage{}, []runtime.Change{}
	return &turn{task: t, ctx: ctx, prompt: prompt, slot: make(chan struct{}), told: t.task}
}

// run is the life of a turn, to its one end.
func (m *Manager) run(tn *turn) {
	defer tn.cancel()
	m.tell(tn.told)
	if !m.takeSlot(tn) {
		m.finish(tn.task, m.neverBegan(tn.ctx, tn.task), false)
		return
	}
	ctx := tn.ctx
	if limit := tn.job.Timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &runtime.TimeoutError{Limit: limit})
		defer cancel()
	}
	m.finish(tn.task, m.work(ctx, tn), true)
}

// work does a turn and ends what it left running; its files stay to be collected.
func (m *Manager) work(ctx context.Context, tn *turn) Outcome {
	job := tn.job
	job.Prompt, job.Answer = tn.prompt, tn.answer
	job.Progress = func(steps int, usage Usage) { m.progress(tn.task, steps, usage) }
	if !tn.first {
		lost, err := m.renew(ctx, tn.task)
		if err != nil && ctx.Err() != nil {
			return m.neverBegan(ctx, tn.task)
		}
		if err != nil {
			return Outcome{State: StateFailed, Err: err}
		}
		job.NewWorkspace, job.ByAgent = lost, false
	}
	job.Runtime = tn.runtime // nobody else sets it
	out := m.call(ctx, job)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := job.Runtime.Stop(closing); err != nil {
		out.Err = errors.Join(out.Err, fmt.Errorf("end what the task left running: %w", err))
		if out.State == StateFinished || out.State == StateCancelled || out.State == StateWaiting {
			out.State = StateFailed
		}
	}
	return out
}

// renew gives a task a runtime for a further turn, in its workspace if that is
// still there: the one before ended with its turn.
func (m *Manager) renew(ctx context.Context, t *task) (lost bool, err error) {
	var ws *runtime.Workspace
	if t.runtime != nil {
		ws = t.runtime.Workspace()
	}
	rt, err := m.opts.NewRuntime(ctx, ws)
	if err != nil {
		return false, fmt.Errorf("go on in the task's workspace: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t.runtime = rt
	return ws == nil, nil
}

// call runs the job; a Runner that panics fails its turn and nothing else.
func (m *Manager) call(ctx context.Context, job Job) (out Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = Outcome{State: StateFailed, Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	out = m.opts.Runner.Run(ctx, job)
	if !StateRunning.leadsTo(out.State) {
		out.Err = errors.Join(out.Err, fmt.Errorf("the runner ended the task in state %q", out.State))
		out.State = StateFailed
	}
	return out
}

// progress notes how far a running turn is, and tells of it.
func (m *Manager) progress(t *task, steps int, usage Usage) {
	m.mu.Lock()
	if t.task.State != StateRunning {
		m.mu.Unlock()
		return
	}
	t.task.Steps, t.task.Usage = steps, usage
	told := t.task
	m.mu.Unlock()
	m.tell(told)
}

// finish is the one end of a turn: Manager.run calls it once. Whoever sees the new
// state finds the slot free; whoever waited for the end was overtaken by the event
// that tells of it.
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
	m.tellEnd(t)
}

// tellEnd tells of a state in which nothing runs and then lets go who waits for
// it. The caller holds m.mu, which is released.
func (m *Manager) tellEnd(t *task) {
	told := t.task
	m.mu.Unlock()
	m.tell(told)
	m.mu.Lock()
	defer m.mu.Unlock()
	close(t.done)
	m.leave()
}

// tell tells the client how a task stands.
func (m *Manager) tell(t Task) {
	if m.opts.Changed != nil {
		m.opts.Changed(brief(t))
	}
}

// leave counts down what Close waits for and wakes all who wait. The caller
// holds m.mu.
func (m *Manager) leave() {
	m.live--
	close(m.changed)
	m.changed = make(chan struct{})
}
