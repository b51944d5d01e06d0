package agent

import (
	"context"
	"fmt"

	"github.com/pygent/pygent/runtime"
)

// ConfigureParams are the parameters of session/configure. What is absent stays.
type ConfigureParams struct {
	SessionID     string   `json:"sessionId"`
	Model         string   `json:"model,omitempty"`
	Mode          string   `json:"mode,omitempty" jsonschema:"plan (reads only), ask (edits and commands ask) or auto (inside the sandbox nothing asks)"`
	DisabledTools []string `json:"disabledTools,omitempty" jsonschema:"all that are disabled; an empty list enables what the server allows"`
}

// ConfigureResult is what is in force from the next model round on; the mode is
// at once.
type ConfigureResult struct {
	Model         string   `json:"model"`
	Mode          string   `json:"mode"`
	DisabledTools []string `json:"disabledTools"`
}

// ConfigureSession serves session/configure.
func (s *Sessions) ConfigureSession(ctx context.Context, p ConfigureParams) (ConfigureResult, error) {
	if err := CheckMode("mode", p.Mode); err != nil {
		return ConfigureResult{}, err
	}
	ses, err := s.find(p.SessionID)
	if err != nil {
		return ConfigureResult{}, err
	}
	a := ses.agent
	if err := a.log.ready(); err != nil {
		return ConfigureResult{}, err
	}
	if err := a.Restore(); err != nil {
		return ConfigureResult{}, err
	}
	if err := a.checkTools("disabledTools", p.DisabledTools); err != nil {
		return ConfigureResult{}, err
	}
	if p.Model == "" && p.Mode == "" && p.DisabledTools == nil {
		return ConfigureResult{}, &runtime.InvalidError{Field: "model", Reason: "is missing, as are mode and disabledTools: give what shall change"}
	}
	set, err := a.configure(ctx, p)
	if err != nil {
		return ConfigureResult{}, err
	}
	return ConfigureResult{Model: set.Model, Mode: set.Mode, DisabledTools: append([]string{}, set.Disabled...)}, nil
}

// configure puts settings into force and tells of it.
func (a *Agent) configure(ctx context.Context, p ConfigureParams) (settings, error) {
	e := Event{Kind: KindConfigured, Model: p.Model, Mode: p.Mode}
	if p.DisabledTools != nil {
		e.DisabledTools = &p.DisabledTools
	}
	a.mu.Lock()
	set := a.settings.with(e)
	err := a.use(set)
	a.mu.Unlock()
	if err != nil {
		return set, err
	}
	if err := a.log.send(ctx, e); err != nil {
		return set, fmt.Errorf("the settings are in force, but not kept yet: %w", err)
	}
	return set, nil
}
