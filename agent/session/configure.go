package session

import (
	"context"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// ConfigureParams are the parameters of session/configure. Absent fields keep
// their values.
type ConfigureParams struct {
	SessionID     string     `json:"sessionId"`
	Model         string     `json:"model,omitempty"`
	Mode          event.Mode `json:"mode,omitempty" jsonschema:"plan (reads only), ask (edits and commands ask) or auto (inside the sandbox nothing asks)"`
	DisabledTools []string   `json:"disabledTools,omitempty" jsonschema:"all disabled tools; an empty list enables what the server allows"`
}

// ConfigureResult holds the settings in force. They apply from the next model
// round on; the mode applies at once.
type ConfigureResult struct {
	Model         string     `json:"model"`
	Mode          event.Mode `json:"mode"`
	DisabledTools []string   `json:"disabledTools"`
}

// ConfigureSession serves session/configure.
func (s *Manager) ConfigureSession(ctx context.Context, p ConfigureParams) (ConfigureResult, error) {
	if err := approval.CheckMode("mode", p.Mode); err != nil {
		return ConfigureResult{}, err
	}
	ses, err := s.find(p.SessionID)
	if err != nil {
		return ConfigureResult{}, err
	}
	a := ses.agent
	if err := a.Log().Ready(); err != nil {
		return ConfigureResult{}, err
	}
	if err := a.Restore(); err != nil {
		return ConfigureResult{}, err
	}
	if err := a.CheckTools("disabledTools", p.DisabledTools); err != nil {
		return ConfigureResult{}, err
	}
	if p.Model == "" && p.Mode == "" && p.DisabledTools == nil {
		return ConfigureResult{}, &runtime.InvalidError{Field: "model", Reason: "is missing, as are mode and disabledTools: give what shall change"}
	}
	set, err := configure(ctx, a, p)
	if err != nil {
		return ConfigureResult{}, err
	}
	return ConfigureResult{Model: set.Model, Mode: set.Mode, DisabledTools: append([]string{}, set.Disabled...)}, nil
}

// configure applies settings and sends the event of it.
func configure(ctx context.Context, a *agent.Agent, p ConfigureParams) (conversation.Settings, error) {
	e := event.Event{Kind: event.KindConfigured, Model: p.Model, Mode: p.Mode}
	if p.DisabledTools != nil {
		e.DisabledTools = &p.DisabledTools
	}
	err := a.Log().Send(ctx, event.Record{Event: e})
	set := a.Log().State().Settings()
	if err != nil {
		return set, fmt.Errorf("the settings are in force, but not kept yet: %w", err)
	}
	return set, nil
}
