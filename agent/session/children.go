package session

import (
	"context"
	"time"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// Child is the kept session of a delegated agent.
type Child struct {
	Header  journal.Header
	Updated time.Time       // when its last event was written
	Last    *event.Event    // the end of its last turn; nil when that turn has no end
	Asked   *event.Approval // the approval that was undecided when its server ended; nil for none
}

// maxChildren bounds the delegated agents that a resumed session looks for.
const maxChildren = 1000

// Children reads the two ends of the journals of the agents that a session has
// delegated to. It leaves out those that cannot be read.
func (s *Manager) Children(id string) ([]Child, error) {
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

// DelegatedSessions lists the kept sessions of all delegated agents, whichever
// session delegated them, the last written first. It leaves out those that cannot
// be read.
func (s *Manager) DelegatedSessions(ctx context.Context) ([]Child, error) {
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

func (s *Manager) child(id string) (Child, error) {
	r, err := s.opts.Store.Reader(id)
	if err != nil {
		return Child{}, err
	}
	defer func() { _ = r.Close() }() // it was opened for reading only
	c := Child{Header: r.Header()}
	if c.Updated, err = r.Modified(); err != nil {
		return Child{}, err
	}
	tail, err := conversation.ReadTail(r.Back)
	c.Last, c.Asked = tail.End, tail.Asked
	return c, err
}
