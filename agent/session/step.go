package session

import (
	"context"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// Step serves agent/step: it runs one turn in a session and answers with its
// outcome. A failed turn, even one that the model failed, is a result with status
// failed; an error means that no turn began. A step whose ctx ends before its
// turn began is a result too, with status cancelled or timeout and no turn.
func (s *Manager) Step(ctx context.Context, p StepParams) (StepResult, error) {
	if err := p.validate(); err != nil {
		return StepResult{}, err
	}
	if err := s.Ready(); err != nil {
		return StepResult{}, err
	}
	ses, prompt, err := s.prepare(ctx, p)
	switch {
	case err != nil && ctx.Err() != nil:
		return neverBegan(ctx, p.SessionID), nil
	case err != nil:
		return StepResult{}, err
	}
	if p.IfBusy == ifBusySteer {
		turnID, ok, err := ses.steer(ctx, p.steered(prompt))
		if ok || err != nil {
			return StepResult{SessionID: ses.id, TurnID: turnID, Status: event.StatusSteered, Changes: []runtime.Change{}}, err
		}
	}
	p.Prompt, p.Context = "", nil // prompt has all of it; a queued turn must not hold it twice
	if p.Wait != nil && !*p.Wait {
		return s.accept(ses, prompt, p)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pl := newPlace(cancel)
	pl.size = p.waitCost(prompt)
	if err := ses.enter(pl, p.waits()); err != nil {
		return StepResult{}, err
	}
	select {
	case <-pl.ready:
	case <-ctx.Done():
		if ses.leave(pl) {
			return neverBegan(ctx, ses.id), nil
		}
	}
	return s.turn(ctx, ses, pl, prompt, p), nil
}

// prepare finds the session, restores its conversation and words the prompt.
func (s *Manager) prepare(ctx context.Context, p StepParams) (*session, string, error) {
	ses, err := s.get(ctx, p.SessionID)
	if err != nil {
		return nil, "", err
	}
	if err := ses.agent.Log().Ready(); err != nil {
		return nil, "", err
	}
	if err := ses.agent.Restore(); err != nil {
		return nil, "", err
	}
	prompt, err := p.message(attaching{ses.agent.Runtime().Workspace(), s.opts.PathOfURI})
	return ses, prompt, err
}

// accept runs a turn that no request waits for, after the queued ones. Its end
// always comes as an event, also when the session closes before it began.
func (s *Manager) accept(ses *session, prompt string, p StepParams) (StepResult, error) {
	ctx, cancel := context.WithCancel(s.lifetime)
	pl := newPlace(cancel)
	pl.size = p.waitCost(prompt)
	if err := ses.enter(pl, p.waits()); err != nil {
		cancel()
		return StepResult{}, err
	}
	status := event.StatusQueued
	select {
	case <-pl.ready:
		status = event.StatusAccepted
	default:
	}
	go func() { // session.close waits for release
		defer cancel()
		<-pl.ready // the turns before it end with the lifetime too
		s.turn(ctx, ses, pl, prompt, p)
	}()
	return StepResult{SessionID: ses.id, TurnID: pl.turnID, Status: status, Changes: []runtime.Change{}}, nil
}

// neverBegan answers a step that ended before its turn began. It is a result,
// because clients discard the error of a cancelled request.
func neverBegan(ctx context.Context, sessionID string) StepResult {
	return StepResult{SessionID: sessionID, Status: agent.StopStatus(context.Cause(ctx)), Changes: []runtime.Change{}}
}

// turn runs a turn in a session that the caller has entered, and releases it.
func (s *Manager) turn(ctx context.Context, ses *session, pl *place, prompt string, p StepParams) StepResult {
	defer ses.release()
	bounds := agent.Turn{ID: pl.turnID, MaxSteps: p.MaxSteps, Mode: p.Mode, Describe: s.opts.Describe, Steering: pl.steering, Answered: pl.answered}
	bounds.Dirty, _ = p.dirty() // validated already
	if l := p.Limits; l != nil {
		bounds.Limits = *l
	}
	out := ses.agent.Run(ctx, prompt, bounds)
	res := StepResult{
		SessionID: ses.id,
		TurnID:    pl.turnID,
		Status:    out.Status,
		Text:      out.Text,
		Steps:     out.Steps,
		Changes:   out.Changes,
		Usage:     out.Usage,
		Question:  out.Question,
	}
	if out.Status == event.StatusFailed && s.opts.Describe != nil {
		res.Error = s.opts.Describe(out.Err)
	}
	return res
}
