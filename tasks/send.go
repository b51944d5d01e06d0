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

// SendResult is the result of tasks/send, which does not wait for the turn.
type SendResult struct {
	TaskID string `json:"taskId"`
	State  State  `json:"state" jsonschema:"running, or queued until fewer tasks run"`
}

// Send serves tasks/send: it starts a further turn of a task that has ended or
// waits for an answer, in its workspace and with its history. A task of another
// server has lost its workspace; the agent gets an empty one and is told so.
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
	return SendResult{TaskID: p.TaskID, State: m.furtherTurn(t, p.Prompt, nil)}, nil
}

// Answer starts a further turn of a task that asks. It continues with the call
// that the user was asked about, in a new workspace. Answer does not wait for the
// turn.
func (m *Manager) Answer(id string, a Answer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(id)
	switch {
	case err != nil:
		return err
	case m.closed:
		return errClosing()
	case t.asks == nil:
		return fmt.Errorf("%w: %s", ErrNotAsking, id)
	}
	m.furtherTurn(t, "", &a)
	return nil
}

// furtherTurn starts a further turn of a task that does not run, or queues it,
// and returns the new state. The caller holds m.mu.
func (m *Manager) furtherTurn(t *task, prompt string, answer *Answer) State {
	next := StateQueued
	if m.slots < m.opts.Max {
		next = StateRunning
		m.slots++
	}
	t.enter(next, string(next))
	tn := m.begin(t, prompt)
	tn.answer = answer
	if next == StateQueued {
		m.queue = append(m.queue, tn)
	}
	m.live++
	go m.run(tn) // counted in live: Close waits for it
	return next
}

// settled returns a task once a change of its state has been reported. m.mu is
// held when it is called and when it returns, and released meanwhile.
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
