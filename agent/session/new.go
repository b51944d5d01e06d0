package session

import (
	"context"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// maxSystemPrompt bounds a client's system prompt, in bytes.
const maxSystemPrompt = 1 << 20

// NewSessionParams are the parameters of session/new.
type NewSessionParams struct {
	Root          string     `json:"root,omitempty" jsonschema:"file URI of the workspace; absent: initialize's, then the server's --root, then a temporary one"`
	Temporary     bool       `json:"temporary,omitempty" jsonschema:"a new workspace that is removed with the session"`
	Runtime       string     `json:"runtime,omitempty" jsonschema:"docker or local; refused when the server uses the other one"`
	Model         string     `json:"model,omitempty" jsonschema:"absent: the server's"`
	Mode          event.Mode `json:"mode,omitempty" jsonschema:"plan (reads only), ask (edits and commands ask) or auto (inside the sandbox nothing asks)"`
	SystemPrompt  string     `json:"systemPrompt,omitempty" jsonschema:"replaces the default verbatim"`
	DisabledTools []string   `json:"disabledTools,omitempty" jsonschema:"names of tools that the model does not get"`
}

// NewSessionResult describes a new session.
type NewSessionResult struct {
	SessionID string         `json:"sessionId"`
	Root      string         `json:"root" jsonschema:"file URI of the workspace"`
	Runtime   SessionRuntime `json:"runtime"`
	Mode      event.Mode     `json:"mode"`
}

// SessionRuntime says where a session's commands run; runtime/info says more.
type SessionRuntime struct {
	Kind    string `json:"kind" jsonschema:"docker or local"`
	Sandbox string `json:"sandbox" jsonschema:"container, strong, medium or none"`
}

// NewSession serves session/new. Nothing runs in a session before its first
// command.
func (s *Manager) NewSession(ctx context.Context, p NewSessionParams) (NewSessionResult, error) {
	spec, err := s.spec(p)
	if err != nil {
		return NewSessionResult{}, err
	}
	if err := s.lock(ctx); err != nil {
		return NewSessionResult{}, err
	}
	defer s.unlock()
	ses, err := s.open(ctx, spec, nil)
	if err != nil {
		return NewSessionResult{}, err
	}
	rt := ses.agent.Runtime()
	info := rt.Info()
	set, _ := ses.agent.InForce()
	return NewSessionResult{
		SessionID: ses.id,
		Root:      s.uri(rt.Workspace().Dir()),
		Runtime:   SessionRuntime{Kind: info.Kind, Sandbox: info.Sandbox},
		Mode:      set.Mode,
	}, nil
}

func (s *Manager) spec(p NewSessionParams) (Spec, error) {
	spec := Spec{
		SessionID: event.NewID("s"), Temporary: p.Temporary, Runtime: p.Runtime, Model: p.Model,
		Mode: p.Mode, SystemPrompt: p.SystemPrompt, DisabledTools: p.DisabledTools,
	}
	switch {
	case p.Root != "" && p.Temporary:
		return spec, &runtime.InvalidError{Field: "temporary", Reason: "and root exclude each other"}
	case len(p.SystemPrompt) > maxSystemPrompt:
		return spec, &runtime.InvalidError{Field: "systemPrompt", Reason: "is longer than 1 MiB"}
	}
	err := approval.CheckMode("mode", p.Mode)
	if err == nil {
		spec.Root, err = s.rootPath(p.Root)
	}
	return spec, err
}

// rootPath returns the host path of the workspace that a client names, "" for
// none.
func (s *Manager) rootPath(uri string) (string, error) {
	switch {
	case uri == "":
		return "", nil
	case s.opts.PathOfURI == nil:
		return "", &runtime.InvalidError{Field: "root", Reason: "cannot be given here"}
	default:
		return s.opts.PathOfURI(uri)
	}
}

// uri returns a host path as the protocol writes it.
func (s *Manager) uri(path string) string {
	if s.opts.URIOfPath == nil {
		return path
	}
	return s.opts.URIOfPath(path)
}
