package session

import (
	"context"

	"github.com/pygent/pygent/agent/event"
)

// SessionInfo describes an open session.
type SessionInfo struct {
	SessionID string           `json:"sessionId"`
	Model     string           `json:"model"`
	Mode      event.Mode       `json:"mode" jsonschema:"plan, ask or auto"`
	Plan      []event.PlanStep `json:"plan" jsonschema:"the model's plan, as the last event of kind plan had it; after a rewind the one of then"`
}

// Info serves session/info. It reads the history of a resumed session, once.
func (s *Manager) Info(ctx context.Context, p SessionParams) (SessionInfo, error) {
	ses, err := s.get(ctx, p.SessionID)
	if err != nil {
		return SessionInfo{}, err
	}
	if err := ses.agent.Restore(); err != nil {
		return SessionInfo{}, err
	}
	set, _ := ses.agent.InForce()
	return SessionInfo{SessionID: ses.id, Model: set.Model, Mode: set.Mode, Plan: append([]event.PlanStep{}, ses.agent.Log().State().Plan()...)}, nil
}
