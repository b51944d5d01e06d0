package tasks

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/runtime"
)

// Cancel serves tasks/cancel: it answers when nothing of the task lives, and
// again and again alike. A task that waits for an answer, also to what its last
// server had asked, gets none, and no later server asks again. Where that cannot
// be kept the task goes on asking, and the error says why.
func (m *Manager) Cancel(ctx context.Context, p TaskParams) (Task, error) {
	if err := m.quiet(ctx, p.TaskID); err != nil {
		return Task{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.settled(ctx, p.TaskID)
	if err == nil && (t.task.State == StateWaiting || t.asks) {
		err = m.withdraw(t)
	}
	if err != nil {
		return Task{}, err
	}
	return t.task, nil
}

// withdraw makes a task that asks a cancelled one. m.mu is held when it is called
// and when it returns, and released meanwhile: the task is not ended then, and
// takes no answer.
func (m *Manager) withdraw(t *task) error {
	asks := t.asks
	t.asks, t.done = false, make(chan struct{})
	m.live++
	m.mu.Unlock()
	err := m.keepCancel(t)
	m.mu.Lock()
	if err != nil {
		t.asks = asks
		close(t.done)
		m.leave()
		return fmt.Errorf("task %s is not cancelled: %w", t.job.TaskID, err)
	}
	t.enter(StateCancelled, string(StateCancelled))
	t.task.Question = nil
	m.tellEnd(t)
	m.mu.Lock()
	return nil
}

// keepCancel keeps the cancel of a task that its Runner does not know of.
func (m *Manager) keepCancel(t *task) error {
	if m.opts.Cancelled == nil {
		return nil
	}
	return m.opts.Cancelled(t.job.SessionID)
}

// neverBegan is the outcome of a turn whose ctx ended before the Runner had it.
// The server's own end is no cancel: the next one finds the task as it was.
func (m *Manager) neverBegan(ctx context.Context, t *task) Outcome {
	cause := context.Cause(ctx)
	var limit *runtime.TimeoutError
	if errors.As(cause, &limit) {
		return Outcome{State: StateTimeout, Err: cause}
	}
	if m.lifetime.Err() == nil {
		if err := m.keepCancel(t); err != nil {
			return Outcome{State: StateCancelled, Err: fmt.Errorf("the next server may find it as it was before: %w", err)}
		}
	}
	return Outcome{State: StateCancelled, Err: cause}
}

// quiet ends a task's turn, if one runs or is queued, and waits for that.
func (m *Manager) quiet(ctx context.Context, id string) error {
	m.mu.Lock()
	t, err := m.find(id)
	if err != nil {
		m.mu.Unlock()
		return err
	}
	done := t.done
	if t.task.State.active() {
		t.cancel()
	}
	m.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// CancelOf cancels the tasks of a session that run or are queued, waits for their
// ends and tells how many they were. Those that wait for an answer stay.
func (m *Manager) CancelOf(ctx context.Context, sessionID string) (int, error) {
	m.mu.Lock()
	var dones []chan struct{}
	for _, t := range m.tasks {
		if t.job.ParentSessionID == sessionID && !t.ended() {
			if t.task.State.active() {
				t.cancel()
			}
			dones = append(dones, t.done)
		}
	}
	m.mu.Unlock()
	for i, done := range dones {
		select {
		case <-done:
		case <-ctx.Done():
			return i, fmt.Errorf("%d tasks did not end: %w", len(dones)-i, context.Cause(ctx))
		}
	}
	return len(dones), nil
}

// Removed answers tasks/remove.
type Removed struct {
	Removed bool `json:"removed"`
}

// Remove serves tasks/remove: it forgets a task that does not run and deletes its
// workspace and what is kept of its session. An error tells what is left of these.
func (m *Manager) Remove(ctx context.Context, p TaskParams) (Removed, error) {
	m.mu.Lock()
	t, err := m.settled(ctx, p.TaskID)
	if err == nil && t.task.State.active() {
		err = fmt.Errorf("%w: cancel task %s first", ErrRunning, p.TaskID)
	}
	if err != nil {
		m.mu.Unlock()
		return Removed{}, err
	}
	m.forget(p.TaskID)
	m.live++
	rt := t.runtime
	m.mu.Unlock()

	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.leave()
	}()
	if m.opts.Removed != nil {
		err = m.opts.Removed(t.job.SessionID)
	}
	if err = errors.Join(err, cleanup(rt)); err != nil {
		return Removed{}, fmt.Errorf("remove task %s: %w", p.TaskID, err)
	}
	return Removed{Removed: true}, nil
}

// RemoveOf ends and removes all tasks of a session.
func (m *Manager) RemoveOf(ctx context.Context, sessionID string) error {
	var ids []string
	m.mu.Lock()
	for id, t := range m.tasks {
		if t.job.ParentSessionID == sessionID {
			ids = append(ids, id)
		}
	}
	m.mu.Unlock()
	var errs []error
	for _, id := range ids {
		err := m.quiet(ctx, id)
		if err == nil {
			_, err = m.Remove(ctx, TaskParams{TaskID: id})
		}
		if !errors.Is(err, ErrNotFound) { // someone was faster
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// evict takes the oldest tasks over the cap, of those that do not run, off the
// list. The caller holds m.mu.
func (m *Manager) evict() []*task {
	var ended []*task
	for _, id := range m.order {
		if t := m.tasks[id]; t.ended() {
			ended = append(ended, t)
		}
	}
	evicted := ended[:max(0, len(ended)-maxEnded)]
	for _, t := range evicted {
		m.forget(t.job.TaskID)
	}
	return evicted
}

// discard removes the workspaces of evicted tasks; what is kept of their sessions
// stays.
func (m *Manager) discard(evicted []*task) {
	for _, t := range evicted {
		_ = cleanup(t.runtime) // its leftovers are no fault of the request that evicted it
		m.mu.Lock()
		m.leave()
		m.mu.Unlock()
	}
}

// cleanup removes a runtime, if there is one, within a bound of its own.
func cleanup(rt *runtime.Runtime) error {
	if rt == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return rt.Cleanup(ctx)
}
