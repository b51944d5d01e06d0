package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// TaskHooks join sessions to the tasks that they delegate, which this package
// does not know. The zero value is a program without tasks.
type TaskHooks struct {
	// Session is the session of a task's agent.
	Session func(taskID string) (sessionID string, err error)

	// Cancel ends the tasks of a session that run, waits for their ends and
	// tells how many they were.
	Cancel func(ctx context.Context, sessionID string) (int, error)

	// Forget ends the tasks of a session and removes their workspaces.
	Forget func(ctx context.Context, sessionID string) error

	// Workspace is where a task has worked; one that works is an error.
	Workspace func(taskID string) (*runtime.Workspace, error)

	// Protected tells which paths come back from a task only when they are named.
	Protected func(path string) bool

	// Resumed is told which agents a resumed session has delegated to, in no order.
	Resumed func(sessionID string, children []Child)

	// Asks tells whether a task still stands where its last server left it, with
	// Child.Asked open. Answer answers that: the task's turn goes on, as a further
	// one that is not waited for. Both are there where Resumed is.
	Asks   func(taskID string) bool
	Answer func(taskID string, answer RespondParams) error
}

// Child is what is kept of a delegated agent's session.
type Child struct {
	Header  journal.Header
	Updated time.Time // when its last event was written
	Last    *Event    // the end of its last turn; nil when that has none
	Asked   *Approval // what its user was asked when its server ended; nil for nothing
}

// maxChildren bounds the delegated agents that a resumed session is asked of.
const maxChildren = 1000

// children reads the two ends of the journals of the agents that a session has
// delegated to. One that cannot be read is left out.
func (s *Sessions) children(id string) ([]Child, error) {
	ids, err := s.opts.Store.Children(id)
	if err != nil {
		return nil, err
	}
	var all []Child
	for _, id := range ids[:min(len(ids), maxChildren)] {
		if c, err := s.child(id); err == nil {
			all = append(all, c)
		}
	}
	return all, nil
}

// DelegatedSessions are what is kept of all delegated agents, whoever delegated
// them, the one that was written last first. One that cannot be read is left out.
func (s *Sessions) DelegatedSessions(ctx context.Context) ([]Child, error) {
	if s.opts.Store == nil {
		return nil, nil
	}
	entries, err := s.opts.Store.List()
	if err != nil {
		return nil, err
	}
	var all []Child
	for _, entry := range entries {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if c, err := s.child(entry.ID); err == nil && c.Header.TaskID != "" {
			all = append(all, c)
		}
	}
	return all, nil
}

func (s *Sessions) child(id string) (Child, error) {
	r, err := s.opts.Store.Reader(id)
	if err != nil {
		return Child{}, err
	}
	defer func() { _ = r.Close() }() // it was only read
	c := Child{Header: r.Header()}
	if c.Updated, err = r.Modified(); err != nil {
		return Child{}, err
	}
	err = r.Back(func(l journal.Line) bool {
		var e Event
		if json.Unmarshal(l.Data, &e) != nil || e.TurnID == "" {
			return true // it may stand anywhere
		}
		switch e.Kind {
		case KindTurnFinished:
			c.Last = &e
		case KindApprovalRequested:
			c.Asked = e.Approval
		}
		return false
	})
	return c, err
}

// TaskOutputParams are the parameters of tasks/output.
type TaskOutputParams struct {
	TaskID   string `json:"taskId"`
	AfterSeq int64  `json:"afterSeq,omitempty" jsonschema:"0 is the beginning"`
	Limit    int    `json:"limit,omitempty" jsonschema:"default 200, at most 1000; a page has at most about 4 MiB"`
}

// TaskOutput serves tasks/output: the events of a task's agent, while it runs or
// after that. A task that has not begun has none.
func (s *Sessions) TaskOutput(ctx context.Context, p TaskOutputParams) (EventsPage, error) {
	if s.opts.Tasks.Session == nil {
		return EventsPage{}, fmt.Errorf("%w: this program has no tasks", ErrNotKept)
	}
	id, err := s.opts.Tasks.Session(p.TaskID)
	if err != nil {
		return EventsPage{}, err
	}
	if s.opts.Store == nil {
		return EventsPage{}, fmt.Errorf("%w: task %s has no journal", ErrNotKept, p.TaskID)
	}
	page, err := s.SessionEvents(ctx, SessionEventsParams{SessionID: id, AfterSeq: p.AfterSeq, Limit: p.Limit})
	if errors.Is(err, ErrSessionNotFound) {
		return EventsPage{Events: []Event{}}, nil
	}
	return page, err
}
