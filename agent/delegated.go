package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pygent/pygent/agent/journal"
)

// Delegated is one turn of a delegated agent, whose session is kept like others.
type Delegated struct {
	SessionID       string // the agent's own
	TaskID          string
	ParentSessionID string // of the session that delegates
	Name            string
	Task            string         // the task's first prompt
	Prompt          string         // begins the turn; "" with Answer
	Note            string         // what the model must know besides: said before Prompt, or after the call of Answer; "" is nothing
	Answer          *RespondParams // the turn goes on where the last server had asked; nil begins anew
	Spec            Spec           // of an agent that is new; what is kept wins
	Turn            Turn           // its bounds are those of each turn
	Timeout         time.Duration  // bounds each turn, which the caller sees to; kept with the session, as are the other bounds

	// New makes the agent. Its runtime stays the caller's to clean up.
	New func(Spec) *Agent
}

// RunDelegated runs one turn of a delegated agent and lets go of its session: a
// further turn, in this server or a later one, goes on with the conversation as
// it is kept. unkept tells why there can be none, nil when there can.
func (s *Sessions) RunDelegated(ctx context.Context, d Delegated) (out Outcome, unkept error) {
	a, unkept, err := s.openDelegated(d)
	if a != nil {
		defer func() { // also when the model panics: a further turn opens it again
			if err := errors.Join(a.closeUndo(), a.log.close()); err != nil && out.Err == nil {
				out.Status, out.Err = StatusFailed, fmt.Errorf("keep session %s: %w", d.SessionID, err)
			}
		}()
	}
	if err != nil {
		return Outcome{Status: StatusFailed, Err: err}, unkept
	}
	d.Turn.Describe = s.opts.Describe
	if d.Answer == nil {
		if d.Note != "" {
			d.Prompt = "[" + d.Note + "]\n\n" + d.Prompt
		}
		return a.Run(ctx, d.Prompt, d.Turn), unkept
	}
	key, r := d.Answer.RequestKey, d.Answer.Response
	given, ok := a.take(key, Decision{Decision: r.Decision, Feedback: r.Feedback})
	if !ok {
		return Outcome{Status: StatusFailed, Err: notPending(key)}, unkept
	}
	d.Turn.resumed = given
	if d.Note != "" {
		d.Turn.mail = &mailbox{list: []string{d.Note}}
	}
	return a.Run(ctx, "", d.Turn), unkept
}

// ForgetDelegated deletes what is kept of a delegated agent's session, if anything.
func (s *Sessions) ForgetDelegated(id string) error {
	if s.opts.Store == nil {
		return nil
	}
	s.reader.close()
	if err := s.opts.Store.Delete(id); !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	return nil
}

// openDelegated makes the agent, with its conversation so far. It is there beside
// an error too once its journal is open.
func (s *Sessions) openDelegated(d Delegated) (a *Agent, unkept, err error) {
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
		a.attach(j)
		return a, nil, a.Restore()
	}
	d.Spec.SessionID, d.Spec.Temporary = d.SessionID, true
	a = d.New(d.Spec)
	h := a.header()
	h.ParentSessionID, h.TaskID, h.Name, h.Prompt = d.ParentSessionID, d.TaskID, d.Name, d.Task
	h.Bounds = journal.Bounded{
		StepTimeoutSeconds: a.opts.StepTimeout.Seconds(), TurnTimeoutSeconds: d.Timeout.Seconds(),
		Tokens: d.Turn.Tokens, CostUSD: d.Turn.CostUSD,
	}
	return a, a.keep(s.opts.Store, s.opts.NoStore, h), nil
}
