package agent

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// A call is refused when it is no longer what the user has seen. A command can
// differ only when its server was killed and the journal is damaged.
var (
	errChanged = errors.New("the file was changed while the user looked at the difference; read it again")
	errOther   = errors.New("the command is not the one that the user was shown; call it again")
)

// permit decides whether a call may run, and in which runtime. When it may not,
// res is its answer. given is an earlier decision, nil for none.
func (t *turn) permit(ctx context.Context, call event.ToolCall, env *tools.Env, given *Answered) (res tools.Result, ok bool) {
	p, err := t.tools.Propose(ctx, *env, call.Name, call.Arguments)
	if err != nil {
		return tools.Errorf("%v", err), false
	}
	at, err := approval.Targets(t.runtime.Workspace(), p)
	if err != nil {
		return tools.Errorf("%v", err), false
	}
	v, why := t.policy().Judge(call.Name, p, at)
	switch v {
	case approval.Allow, approval.Ask:
	case approval.AllowInView:
		env.Runtime = t.runtime.View()
		return res, true
	case approval.Refuse:
		return tools.Errorf("not run: %s", why), false
	}
	// This comes before the question, so that an allowed call runs at once.
	if err := t.mayChange(ctx, p); err != nil {
		return tools.Errorf("not run: %s", StopNote(err)), false
	}
	if v == approval.Allow {
		return res, true
	}
	if at, err = t.consent(ctx, call, p, given); err != nil {
		return tools.Errorf("not run: %v", err), false
	}
	// The user may have begun to edit the file in the meantime.
	if v, why = t.policy().Judge(call.Name, p, at); v == approval.Refuse {
		return tools.Errorf("not run: %s", why), false
	}
	env.Allowed = approval.Allowed(at)
	return res, true
}

// policy returns the policy for the next call. A stricter mode applies at once.
func (t *turn) policy() approval.Policy {
	dirty := t.bounds.Dirty
	if said := t.bounds.Steering.dirtyFiles(); said != nil {
		dirty = said
	}
	return approval.Policy{
		Mode:       t.mode(),
		Sandbox:    t.runtime.Info().Sandbox,
		View:       t.runtime.View() != nil,
		Unconfined: t.opts.Permissions.Unconfined,
		Rules:      t.state().Rules(),
		Dirty:      dirty,
		Workspace:  t.runtime.Workspace(),
	}
}

// mode returns the mode of the turn.
func (t *turn) mode() event.Mode { return cmp.Or(t.bounds.Mode, t.state().Settings().Mode) }

// consent asks the user for a call, and returns the targets that the user has
// seen. The error is for the model.
func (t *turn) consent(ctx context.Context, call event.ToolCall, p tools.Proposal, given *Answered) ([]approval.Target, error) {
	var a event.Approval
	var d event.Decision
	var err error
	if given != nil {
		a, d = given.Approval, given.Decision
	} else {
		if a, _, err = t.compose(ctx, p); err != nil {
			return nil, err
		}
		if d, err = t.decide(ctx, call, a); err != nil {
			return nil, err
		}
	}
	t.resolve(ctx, call, a, d)
	switch d.Decision {
	case event.DecisionAllow, event.DecisionAllowForSession:
	case event.DecisionCancelTurn:
		t.cancel()
		return nil, errors.New("the user cancelled the turn")
	default:
		return nil, errors.New(strings.TrimSuffix("denied: "+d.Feedback, ": "))
	}
	if t.unlogged != nil { // a decision that is not recorded must have no effect
		return nil, t.unlogged
	}
	now, at, err := t.compose(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case now.Command != a.Command:
		return nil, errOther
	case !slices.Equal(now.Changes, a.Changes):
		return nil, errChanged
	}
	return at, nil
}

// compose words a proposal for the user.
func (t *turn) compose(ctx context.Context, p tools.Proposal) (event.Approval, []approval.Target, error) {
	return approval.Compose(ctx, t.runtime.Workspace(), p, event.Approval{
		RequestKey: event.NewID("a"), SessionID: t.opts.SessionID, TurnID: t.bounds.ID, TaskID: t.opts.TaskID,
	})
}

// decide waits for the user, as long as the turn may take. The error says that
// there is no decision.
func (t *turn) decide(ctx context.Context, call event.ToolCall, a event.Approval) (event.Decision, error) {
	asked := t.opts.Broker.Put(approval.PendingApproval(a), t.opts.ParentID)
	defer t.opts.Broker.Drop(asked)
	t.emit(ctx, event.Event{Kind: event.KindApprovalRequested, RequestKey: a.RequestKey, CallID: call.ID, Tool: call.Name, Approval: &a})
	if t.unlogged != nil {
		return event.Decision{}, t.unlogged
	}
	t.clock.pause()
	defer t.clock.resume()
	d, err := approval.First(ctx, asked,
		func(ctx context.Context) (event.Decision, error) { return t.opts.Client.RequestApproval(ctx, a) },
		func(r approval.Response) event.Decision {
			return event.Decision{Decision: r.Decision, Feedback: r.Feedback}
		})
	if ctx.Err() != nil {
		err = errors.New(StopNote(context.Cause(ctx)))
	}
	if err != nil {
		t.opts.Broker.Drop(asked) // the list must not have it when the client learns of the decision
		t.resolve(ctx, call, a, event.Decision{Decision: event.DecisionWithdrawn})
		return d, err
	}
	if approval.CheckChoice(d.Decision) != nil {
		d = event.Decision{Decision: event.DecisionDeny, Feedback: "the client's answer is no decision"}
	}
	return d, nil
}

// resolve sends the event of a decision, with the rule that it makes.
func (t *turn) resolve(ctx context.Context, call event.ToolCall, a event.Approval, d event.Decision) {
	e := event.Event{Kind: event.KindApprovalResolved, RequestKey: a.RequestKey, CallID: call.ID, Tool: call.Name, Decision: d.Decision, Feedback: d.Feedback}
	if d.Decision == event.DecisionAllowForSession && a.Rule != "" {
		e.Rule = a.Rule
	}
	t.emit(ctx, e)
}
