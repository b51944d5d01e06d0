package session

import (
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// Spec describes the agent of a session. An empty field takes the connection's
// value.
type Spec struct {
	SessionID     string
	Root          string // the workspace's host path
	Temporary     bool   // a temporary workspace, whatever the connection has
	Runtime       string // docker or local
	Model         string
	Mode          event.Mode
	SystemPrompt  string
	DisabledTools []string
	Persona       string // of a delegated agent
}

// specOf returns the spec of a kept session, for the agent that continues it.
func specOf(h journal.Header) Spec {
	spec := Spec{
		SessionID: h.SessionID, Root: h.Root, Temporary: h.Temporary, Runtime: h.Runtime, Model: h.Model,
		Mode: event.Mode(h.Mode), SystemPrompt: h.SystemPrompt, DisabledTools: h.DisabledTools, Persona: h.Persona,
	}
	if h.Temporary {
		spec.Root = "" // it was removed with its server
	}
	return spec
}

// header returns the journal header of an agent's session. It holds the settings
// in force, so that another server's settings do not change the conversation.
func header(a *agent.Agent) journal.Header {
	o, ws := a.Options(), a.Runtime().Workspace()
	return journal.Header{
		SessionID:     o.SessionID,
		Root:          ws.Dir(),
		Temporary:     ws.Temporary(),
		Runtime:       a.Runtime().Info().Kind,
		Model:         o.ModelName,
		Mode:          string(o.Permissions.Mode),
		SystemPrompt:  o.SystemPrompt,
		DisabledTools: o.Disabled,
		Persona:       o.Persona,
	}
}

// keep gives a new agent a journal in store. When that fails, the session works
// all the same and sends a notice; without a store it does so when why is set.
// The error, which wraps ErrNotKept, has the reason too.
func keep(a *agent.Agent, store *journal.Store, why error, h journal.Header) error {
	if store != nil {
		var j *journal.Journal
		if j, why = store.Create(h); why == nil {
			a.Attach(j)
			return nil
		}
	}
	if why == nil {
		return ErrNotKept
	}
	a.Notice(fmt.Sprintf("this session is not kept and ends with the server: %v", why))
	return fmt.Errorf("%w: %w", ErrNotKept, why)
}

// notFound converts the store's error to the protocol's.
func notFound(err error) error {
	if errors.Is(err, journal.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrSessionNotFound, err)
	}
	return err
}
