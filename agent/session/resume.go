package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// OpenSessionParams name an existing session.
type OpenSessionParams struct {
	SessionID string `json:"sessionId"`
}

// ResumeResult describes the state of a session.
type ResumeResult struct {
	State   event.SessionState `json:"state" jsonschema:"idle, running, waiting (the last turn asked) or interrupted (the last turn has no end)"`
	LastSeq int64              `json:"lastSeq" jsonschema:"number of the last event; session/events has them"`
	Mode    event.Mode         `json:"mode" jsonschema:"plan, ask or auto: the mode that the session was made with, or that is in force already; events of kind configured change it"`
}

// Resume opens a session that another server, or this one earlier, has closed. It
// does not change a session that is open in this server; one that is open in
// another is an error that wraps journal.ErrInUse. The history is read only when
// the next turn needs it. opened is false for a session that was already open.
func (s *Manager) Resume(ctx context.Context, id string) (res ResumeResult, opened bool, err error) {
	ses, opened, err := s.resume(ctx, id)
	if err != nil {
		return ResumeResult{}, opened, err
	}
	log := ses.agent.Log()
	set, _ := ses.agent.InForce()
	res = ResumeResult{State: event.SessionIdle, LastSeq: log.LastSeq(), Mode: set.Mode}
	if j := log.Journal(); j != nil {
		tail, err := conversation.ReadTail(j.Back)
		if err != nil {
			return ResumeResult{}, opened, err
		}
		res.State = tail.State
	}
	if ses.busy() {
		res.State = event.SessionRunning
	}
	return res, opened, nil
}

func (s *Manager) resume(ctx context.Context, id string) (ses *session, opened bool, err error) {
	var closed *NotOpenError
	if ses, err := s.find(id); err == nil || !errors.As(err, &closed) {
		return ses, false, err
	}
	if err := s.lock(ctx); err != nil {
		return nil, false, err
	}
	defer s.unlock()
	if ses, err := s.find(id); err == nil { // another request opened it meanwhile
		return ses, false, nil
	}
	j, err := s.opts.Store.Open(id)
	if err != nil {
		return nil, false, notFound(err)
	}
	spec := specOf(j.Header())
	if ses, err = s.open(ctx, spec, j); err != nil {
		return nil, false, fmt.Errorf("resume session %s: %w", id, err)
	}
	if spec.Temporary {
		ses.agent.Notice("the temporary workspace of this session went with its server: this is a new, empty one")
	}
	return ses, true, nil
}

// reading is a journal for reading, open in this server or not.
type reading interface {
	Header() journal.Header
	Page(after int64, b journal.Bounds) (journal.Page, error)
	Back(visit func(journal.Line) bool) error
}

// read calls use with the journal of a session, also of one that is not open in
// this server.
func (s *Manager) read(id string, use func(reading) error) error {
	ses, err := s.find(id)
	var closed *NotOpenError
	switch {
	case errors.As(err, &closed):
		return s.reader.use(s.opts.Store, id, use)
	case err != nil:
		return err
	}
	j := ses.agent.Log().Journal()
	if j == nil {
		return fmt.Errorf("%w: %s has no journal", ErrNotKept, id)
	}
	return use(j)
}
