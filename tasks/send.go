package tasks

import (
	"context"
	"fmt"
)

// SendParams are the parameters of tasks/send.
type SendParams struct {
	TaskID string `json:"taskId"`
	Prompt string `json:"prompt"`
}

// SendResult answers tasks/send, which does not wait for the turn.
type SendResult struct {
	TaskID string `json:"taskId"`
	State  State  `json:"state" jsonschema:"running, or queued until fewer tasks run"`
}

// Send serves tasks/send: it starts a further turn of a task that has ended or
// waits for an answer, in its workspace and with its history. The workspace of a
// task that another server ran is gone; the agent is told and gets an empty one.
func (m *Manager) Send(ctx context.Context, p SendParams) (SendResult, error) {
	if err := checkPrompt(p.Prompt); err != nil {
		return SendResult{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.settled(ctx, p.TaskID)
	switch {
	case err != nil:
		return SendResult{}, err
	case m.closed:
		return SendResult{}, errClosing()
	case t.task.State.active():
		return SendResult{}, fmt.Errorf("%w: %s is %s; wait for its end or cancel it", ErrBusy, p.TaskID, t.task.State)
	case t.unkept != nil:
		return SendResult{}, fmt.Errorf("task %s cannot go on: %w", p.TaskID, t.unkept)
	}
	return SendResult{TaskID: p.TaskID, State: m.further(t, p.Prompt, nil)}, nil
}

// Answer is the user's decision on what a task's agent had asked for when its
// server ended.
type Answer struct {
	RequestKey string
	Decision   string
	Feedback   string
}

// Asks tells whether a restored task still waits for an Answer: nothing has been
// said to it, and it was not cancelled.
func (m *Manager) Asks(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tasks[id]
	return t != nil && t.asks
}

// Answer starts a further turn of a task that asks: it goes on with the call that
// the user was asked about, in a new workspace. It does not wait for the turn.
func (m *Manager) Answer(id string, a Answer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(id)
	switch {
	case err != nil:
		return err
	case m.closed:
		return errClosing()
	case !t.asks:
		return fmt.Errorf("%w: %s", ErrNotAsking, id)
	}
	m.further(t, "", &a)
	return nil
}

// further starts a further turn of a task that does not run, or queues it, and
// returns the state of that. The caller holds m.mu.
func (m *Manager) further(t *task, prompt string, answer *Answer) State {
	next := StateQueued
	if m.slots < m.opts.Max {
		next = StateRunning
		m.slots++
	}
	t.enter(next, string(next))
	tn := m.begin(t, prompt)
	tn.answer = answer
	if next == StateQueued {
		m.line = append(m.line, tn)
	}
	m.live++
	go m.run(tn) // Close waits for it: see live
	return next
}

// settled finds a task whose state is not only being told. m.mu is held when it
// is called and when it returns, and released meanwhile.
func (m *Manager) settled(ctx context.Context, id string) (*task, error) {
	for {
		t, err := m.find(id)
		if err != nil || t.task.State.active() || t.ended() {
			return t, err
		}
		done := t.done
		m.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
		}
		m.mu.Lock()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}
