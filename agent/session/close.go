package session

import (
	"context"
	"errors"
	"fmt"
)

// CloseResult answers session/close and session/delete.
type CloseResult struct {
	SessionID string `json:"sessionId"`
}

// CloseSession ends what runs in an open session and releases its resources, its
// temporary workspace included. kept reports whether the session can be resumed.
// A session that is not open is a *NotOpenError.
func (s *Manager) CloseSession(ctx context.Context, id string) (kept bool, err error) {
	ses, err := s.find(id)
	if err != nil {
		var closed *NotOpenError
		return errors.As(err, &closed), err
	}
	kept = ses.agent.Log().Journal() != nil
	if err := ses.close(ctx); err != nil {
		return kept, fmt.Errorf("close session %s: %w", ses.id, err)
	}
	s.forget(ses)
	return kept, nil
}

// Remove deletes all that is kept of a session that is not open.
func (s *Manager) Remove(id string) error {
	s.reader.close()
	return notFound(s.opts.Store.Delete(id))
}

// Delete closes a session, if this Manager has it open, and removes all that is
// kept of it and of the agents that it delegated to.
func (s *Manager) Delete(ctx context.Context, id string) error {
	kept, err := s.CloseSession(ctx, id)
	var closed *NotOpenError
	if err != nil && !errors.As(err, &closed) || !kept {
		return err
	}
	return s.Remove(id)
}
