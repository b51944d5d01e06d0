package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent/journal"
)

// OpenSessionParams name a session that exists.
type OpenSessionParams struct {
	SessionID string `json:"sessionId"`
}

// ResumeResult tells where a session stands.
type ResumeResult struct {
	State   string `json:"state" jsonschema:"idle, running, waiting (the last turn asked) or interrupted (the last turn has no end)"`
	LastSeq int64  `json:"lastSeq" jsonschema:"number of the last event; session/events has them"`
	Mode    string `json:"mode" jsonschema:"plan, ask or auto: what it was made with, or what is in force already; events of kind configured change it"`
}

// ResumeSession serves session/resume: it opens a session that another server,
// or this one earlier, has left. One that is open in this server is left as it
// is; one that is open in another is an error that wraps journal.ErrInUse. The
// history is not read before the next turn needs it.
func (s *Sessions) ResumeSession(ctx context.Context, p OpenSessionParams) (ResumeResult, error) {
	ses, err := s.resume(ctx, p.SessionID)
	if err != nil {
		return ResumeResult{}, err
	}
	log := ses.agent.log
	set, _ := ses.agent.inForce()
	res := ResumeResult{State: StateIdle, LastSeq: log.lastSeq(), Mode: set.Mode}
	if j := log.kept(); j != nil {
		if res.State, err = stateOf(j.Back); err != nil {
			return ResumeResult{}, err
		}
	}
	if ses.busy() {
		res.State = StateRunning
	}
	return res, nil
}

func (s *Sessions) resume(ctx context.Context, id string) (*session, error) {
	var closed *NotOpenError
	if ses, err := s.find(id); err == nil || !errors.As(err, &closed) {
		return ses, err
	}
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.unlock()
	if ses, err := s.find(id); err == nil { // someone was faster
		return ses, nil
	}
	j, err := s.opts.Store.Open(id)
	if err != nil {
		return nil, notFound(err)
	}
	spec := specOf(j.Header())
	ses, err := s.open(ctx, spec, j)
	if err != nil {
		return nil, fmt.Errorf("resume session %s: %w", id, err)
	}
	if spec.Temporary {
		ses.agent.tell("the temporary workspace of this session went with its server: this is a new, empty one")
	}
	if s.opts.Tasks.Resumed != nil {
		children, err := s.children(id)
		if err != nil {
			ses.agent.tell(fmt.Sprintf("the tasks of this session are not listed: %v", err))
		}
		s.opts.Tasks.Resumed(id, children)
		ses.inherit(children)
	}
	return ses, nil
}

// reading is what a journal is read by, open in this server or not.
type reading interface {
	Header() journal.Header
	Page(after int64, b journal.Bounds) (journal.Page, error)
	Back(visit func(journal.Line) bool) error
}

// read calls use with the journal of a session, also of one that is not open in
// this server.
func (s *Sessions) read(id string, use func(reading) error) error {
	ses, err := s.find(id)
	var closed *NotOpenError
	switch {
	case errors.As(err, &closed):
		return s.reader.use(s.opts.Store, id, use)
	case err != nil:
		return err
	}
	j := ses.agent.log.kept()
	if j == nil {
		return fmt.Errorf("%w: %s has no journal", ErrNotKept, id)
	}
	return use(j)
}
