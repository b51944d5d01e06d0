package tasks

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
)

// TaskOutputParams are the parameters of tasks/output.
type TaskOutputParams struct {
	TaskID   string `json:"taskId"`
	AfterSeq int64  `json:"afterSeq,omitempty" jsonschema:"0 is the beginning"`
	Limit    int    `json:"limit,omitempty" jsonschema:"default 200, at most 1000; a page has at most about 4 MiB"`
}

// Output serves tasks/output: the events of a task's agent, while it runs or
// afterwards. A task that has not begun has none.
func (m *Manager) Output(ctx context.Context, p TaskOutputParams) (session.EventsPage, error) {
	m.mu.Lock()
	t, err := m.find(p.TaskID)
	m.mu.Unlock()
	switch {
	case err != nil:
		return session.EventsPage{}, err
	case !m.opts.Sessions.Kept():
		return session.EventsPage{}, fmt.Errorf("%w: task %s has no journal", session.ErrNotKept, p.TaskID)
	}
	page, err := m.opts.Sessions.SessionEvents(ctx, session.SessionEventsParams{SessionID: t.job.SessionID, AfterSeq: p.AfterSeq, Limit: p.Limit})
	if errors.Is(err, session.ErrSessionNotFound) {
		return session.EventsPage{Events: []event.Event{}}, nil
	}
	return page, err
}

// DiffFiles serves files/diff: it returns what a turn of a session, or all turns
// of a task, have changed. It reads the undo records, not the files.
func (m *Manager) DiffFiles(ctx context.Context, p session.DiffParams) (session.DiffResult, error) {
	if p.TaskID == "" {
		return m.opts.Sessions.DiffFiles(ctx, p)
	}
	if p.SessionID != "" || p.TurnID != "" {
		return session.DiffResult{}, &runtime.InvalidError{Field: "taskId", Reason: "goes with neither sessionId nor turnId"}
	}
	ws, err := m.Workspace(p.TaskID)
	if err != nil {
		return session.DiffResult{}, err
	}
	return m.opts.Sessions.DiffWorkspace(ctx, ws, p.Paths)
}
