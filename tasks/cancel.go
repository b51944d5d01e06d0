package tasks

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/runtime"
)

// Cancel serves tasks/cancel: it answers when nothing of the task runs, and gives
// the same answer when called again. It withdraws the question of a waiting task,
// and the approval of a restored one, so that no later server asks it. When that
// cannot be recorded, the task keeps asking, and the error gives the reason.
func (m *Manager) Cancel(ctx context.Context, p TaskParams) (Task, error) {
	if err := m.endTurn(ctx, p.TaskID); err != nil {
		return Task{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.settled(ctx, p.TaskID)
	if err == nil && (t.task.State == StateWaiting || t.asks != nil) {
		err = m.withdraw(t)
	}
	if err != nil {
		return Task{}, err
	}
	return t.task, nil
}

// withdraw cancels a task that asks. m.mu is held when it is called and when it
// returns, and released meanwhile: during that time the task counts as not ended,
// and takes no answer.
func (m *Manager) withdraw(t *task) error {
	asks := t.asks
	t.asks, t.done = nil, make(chan struct{})
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
	m.reportEnd(t)
	m.mu.Lock()
	return nil
}

// keepCancel records the cancel of a task of which nothing runs, for the server
// that restores it.
func (m *Manager) keepCancel(t *task) error {
	return m.opts.Sessions.CancelDelegated(m.lifetime, t.job.SessionID, m.opts.Client)
}

// neverBegan returns the outcome of a turn whose ctx ended before the Backend got
// it. The end of the server is not a cancel: the next server finds the task
// unchanged.
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

// endTurn cancels a task's turn, if one runs or is queued, and waits for its end.
func (m *Manager) endTurn(ctx context.Context, id string) error {
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

// CancelOf cancels the running and queued tasks of a session, waits for their
// ends and returns their number. Tasks that wait for an answer stay.
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

// Removed is the result of tasks/remove.
type Removed struct {
	Removed bool `json:"removed"`
}

// Remove serves tasks/remove: it forgets a task that does not run and deletes its
// workspace and its kept session. An error says what could not be deleted.
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
	m.mu.Unlock()

	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.leave()
	}()
	if err = errors.Join(m.opts.Sessions.ForgetDelegated(t.job.SessionID), m.clean(p.TaskID)); err != nil {
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
		err := m.endTurn(ctx, id)
		if err == nil {
			_, err = m.Remove(ctx, TaskParams{TaskID: id})
		}
		if !errors.Is(err, ErrNotFound) { // another request removed it
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// evict removes the oldest ended tasks over the cap from the list. The caller
// holds m.mu.
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

// discard removes the workspaces of evicted tasks; their kept sessions stay.
func (m *Manager) discard(evicted []*task) {
	for _, t := range evicted {
		_ = m.clean(t.job.TaskID) // a failure does not concern the request that evicted it
		m.mu.Lock()
		m.leave()
		m.mu.Unlock()
	}
}

// clean removes a task's workspace, if there is one, within its own time limit.
func (m *Manager) clean(taskID string) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return m.opts.Backend.Discard(ctx, taskID)
}
