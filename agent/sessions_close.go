package agent

import (
	"context"
	"errors"
	"fmt"
)

// CloseResult answers session/close and session/delete.
type CloseResult struct {
	SessionID string `json:"sessionId"`
}

// CloseSession serves session/close: it ends what runs in the session and
// releases what it holds, its temporary workspace included; tasks that it has
// delegated are cancelled. What is kept of it stays and can be resumed.
func (s *Sessions) CloseSession(ctx context.Context, p OpenSessionParams) (CloseResult, error) {
	ses, err := s.find(p.SessionID)
	if err != nil {
		return CloseResult{}, err
	}
	return CloseResult{ses.id}, s.end(ctx, ses)
}

// end closes a session and, when nothing can find it any more to delegate
// another one, its tasks.
func (s *Sessions) end(ctx context.Context, ses *session) error {
	if err := ses.close(ctx); err != nil {
		return fmt.Errorf("close session %s: %w", ses.id, err)
	}
	s.forget(ses)
	if s.opts.Tasks.Cancel == nil {
		return nil
	}
	if _, err := s.opts.Tasks.Cancel(ctx, ses.id); err != nil {
		return fmt.Errorf("close session %s: %w", ses.id, err)
	}
	return nil
}

// DeleteSession serves session/delete: it closes the session, if this server has
// it open, and removes what is kept of it and of the tasks that it has delegated,
// whose workspaces go too. The session's own stays, unless it is a temporary one.
func (s *Sessions) DeleteSession(ctx context.Context, p OpenSessionParams) (CloseResult, error) {
	ses, err := s.find(p.SessionID)
	var closed *NotOpenError
	if err != nil && !errors.As(err, &closed) {
		return CloseResult{}, err
	}
	kept := true
	if ses != nil {
		kept = ses.agent.log.kept() != nil
		if err := s.end(ctx, ses); err != nil {
			return CloseResult{}, err
		}
	}
	if s.opts.Tasks.Forget != nil {
		if err := s.opts.Tasks.Forget(ctx, p.SessionID); err != nil {
			return CloseResult{}, fmt.Errorf("delete session %s: %w", p.SessionID, err)
		}
	}
	s.reader.close()
	if kept {
		if err := s.opts.Store.Delete(p.SessionID); err != nil {
			return CloseResult{}, notFound(err)
		}
	}
	return CloseResult(p), nil
}
