package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// Delegated is one turn of a delegated agent, whose session is kept like others.
type Delegated struct {
	SessionID       string // the agent's session
	TaskID          string
	ParentSessionID string // the session that delegates
	Name            string
	Task            string         // the task's first prompt
	Prompt          string         // begins the turn; "" with Answer
	Note            string         // a remark for the model: before Prompt, or after the call of Answer; "" is none
	Answer          *RespondParams // the turn continues at the last server's approval; nil begins anew
	Spec            Spec           // of a new agent; a kept session has its own
	Turn            agent.Turn     // the bounds of each turn
	Timeout         time.Duration  // bounds each turn and is enforced by the caller; kept with the session, as are the other bounds

	// New makes the agent. The caller cleans up its runtime.
	New func(Spec) *agent.Agent
}

// RunDelegated runs one turn of a delegated agent and then closes its session: a
// further turn, in this server or a later one, continues the kept conversation.
// unkept says why no further turn is possible, nil when one is.
func (s *Manager) RunDelegated(ctx context.Context, d Delegated) (out agent.Outcome, unkept error) {
	a, unkept, err := s.openDelegated(d)
	if a != nil {
		defer func() { // also when the model panics, so that a further turn can open it
			if err := a.Release(); err != nil && out.Err == nil {
				out.Status, out.Err = event.StatusFailed, fmt.Errorf("keep session %s: %w", d.SessionID, err)
			}
		}()
	}
	if err != nil {
		return agent.Outcome{Status: event.StatusFailed, Err: err}, unkept
	}
	d.Turn.Describe = s.opts.Describe
	if d.Answer == nil {
		if d.Note != "" {
			d.Prompt = "[" + d.Note + "]\n\n" + d.Prompt
		}
		return a.Run(ctx, d.Prompt, d.Turn), unkept
	}
	key, r := d.Answer.RequestKey, d.Answer.Response
	given, ok := a.Answer(key, event.Decision{Decision: r.Decision, Feedback: r.Feedback})
	if !ok {
		return agent.Outcome{Status: event.StatusFailed, Err: notPending(key)}, unkept
	}
	d.Turn.Answered, d.Turn.Note = given, d.Note
	return a.Run(ctx, "", d.Turn), unkept
}

// ForgetDelegated deletes the kept session of a delegated agent, if there is one.
func (s *Manager) ForgetDelegated(id string) error {
	if s.opts.Store == nil {
		return nil
	}
	s.reader.close()
	if err := s.opts.Store.Delete(id); !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	return nil
}

// openDelegated makes the agent, with its conversation so far. Once the journal
// is open, the agent is returned even with an error.
func (s *Manager) openDelegated(d Delegated) (a *agent.Agent, unkept, err error) {
	var j *journal.Journal
	if s.opts.Store != nil {
		if j, err = s.opts.Store.Open(d.SessionID); errors.Is(err, journal.ErrNotFound) {
			err = nil
		}
	}
	switch {
	case err != nil:
		return nil, nil, err
	case j != nil:
		a = d.New(specOf(j.Header()))
		a.Attach(j)
		return a, nil, a.Restore()
	}
	d.Spec.SessionID, d.Spec.Temporary = d.SessionID, true
	a = d.New(d.Spec)
	h := header(a)
	h.ParentSessionID, h.TaskID, h.Name, h.Prompt = d.ParentSessionID, d.TaskID, d.Name, d.Task
	h.Bounds = journal.Bounded{
		StepTimeoutSeconds: a.Options().StepTimeout.Seconds(), TurnTimeoutSeconds: d.Timeout.Seconds(),
		Tokens: d.Turn.Limits.Tokens, CostUSD: d.Turn.Limits.CostUSD,
	}
	return a, keep(a, s.opts.Store, s.opts.NoStore, h), nil
}
