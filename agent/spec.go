package agent

import (
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent/journal"
)

// Spec says what the agent of a session shall be. Empty fields mean what the
// connection has.
type Spec struct {
	SessionID     string
	Root          string // the workspace's host path
	Temporary     bool   // a workspace of its own, whatever the connection has
	Runtime       string // its kind
	Model         string
	Mode          string
	SystemPrompt  string
	DisabledTools []string
	Persona       string // of a delegated agent
}

// specOf is what a session was made with, for the agent that goes on with it.
func specOf(h journal.Header) Spec {
	spec := Spec{
		SessionID: h.SessionID, Root: h.Root, Temporary: h.Temporary, Runtime: h.Runtime, Model: h.Model,
		Mode: h.Mode, SystemPrompt: h.SystemPrompt, DisabledTools: h.DisabledTools, Persona: h.Persona,
	}
	if h.Temporary {
		spec.Root = "" // it went with its server
	}
	return spec
}

// header is what an agent's session is kept with: what is in force, so that
// other settings of another server do not change a conversation.
func (a *Agent) header() journal.Header {
	ws := a.runtime.Workspace()
	return journal.Header{
		SessionID:     a.opts.SessionID,
		Root:          ws.Dir(),
		Temporary:     ws.Temporary(),
		Runtime:       a.runtime.Info().Kind,
		Model:         a.opts.ModelName,
		Mode:          a.opts.Permissions.Mode,
		SystemPrompt:  a.opts.SystemPrompt,
		DisabledTools: a.opts.Disabled,
		Persona:       a.opts.Persona,
	}
}

// keep gives a new agent a journal in store. A session that cannot be kept works
// all the same, and says so; without a store it does when why is set. The error,
// which wraps ErrNotKept, says why too.
func (a *Agent) keep(store *journal.Store, why error, h journal.Header) error {
	if store != nil {
		var j *journal.Journal
		if j, why = store.Create(h); why == nil {
			a.attach(j)
			return nil
		}
	}
	if why == nil {
		return ErrNotKept
	}
	a.tell(fmt.Sprintf("this session is not kept, it ends with the server: %v", why))
	return fmt.Errorf("%w: %w", ErrNotKept, why)
}

// tell gives a notice when the next turn begins.
func (a *Agent) tell(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.notices = append(a.notices, text)
}

// notFound makes of the store's error that of the protocol.
func notFound(err error) error {
	if errors.Is(err, journal.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrSessionNotFound, err)
	}
	return err
}
