package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/tools"
)

// What is not any more what the user has seen is refused. A command can only be
// another one where a server has asked that died, and its journal was damaged.
var (
	errChanged = errors.New("the file was changed while the user looked at the difference; read it again")
	errOther   = errors.New("the command is not the one that the user was shown; call it again")
)

// permit decides whether a call may run, and in what. Where it may not, res is
// its answer. given is a decision that was made already, nil otherwise.
func (t *turn) permit(ctx context.Context, call ToolCall, env *tools.Env, given *answered) (res tools.Result, ok bool) {
	p, err := t.tools.Propose(ctx, *env, call.Name, call.Arguments)
	if err != nil {
		return tools.Errorf("%v", err), false
	}
	v, why := t.policy().judge(call.Name, p)
	switch v {
	case allow, ask:
	case allowInView:
		env.Runtime = t.runtime.View()
		return res, true
	case refuse:
		return tools.Errorf("not run: %s", why), false
	}
	// Before the user is asked: what was allowed then happens at once.
	if err := t.mayChange(ctx, p); err != nil {
		return tools.Errorf("not run: %s", stopNote(err)), false
	}
	if v == allow {
		return res, true
	}
	if err := t.consent(ctx, call, p, given); err != nil {
		return tools.Errorf("not run: %v", err), false
	}
	// Meanwhile the user may have begun to edit the file.
	if v, why = t.policy().judge(call.Name, p); v == refuse {
		return tools.Errorf("not run: %s", why), false
	}
	return res, true
}

// policy is what holds for the next call: a mode that is made stricter holds at
// once.
func (t *turn) policy() policy {
	dirty := t.bounds.Dirty
	if said := t.bounds.mail.dirtyFiles(); said != nil {
		dirty = said
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return policy{
		mode:       t.mode(),
		sandbox:    t.runtime.Info().Sandbox,
		view:       t.runtime.View() != nil,
		unconfined: t.opts.Permissions.Unconfined,
		rules:      slices.Clone(t.rules),
		dirty:      dirty,
	}
}

// mode is that of the turn. The caller holds mu.
func (t *turn) mode() string { return cmp.Or(t.bounds.Mode, t.settings.Mode) }

// consent asks the user for a call; nil allows it. The error is for the model.
func (t *turn) consent(ctx context.Context, call ToolCall, p tools.Proposal, given *answered) error {
	var a Approval
	var d Decision
	var err error
	if given != nil {
		a, d = given.approval, given.decision
	} else {
		if a, err = t.approval(ctx, p); err != nil {
			return err
		}
		if d, err = t.decide(ctx, call, a); err != nil {
			return err
		}
	}
	t.resolve(ctx, call, a, d)
	switch d.Decision {
	case DecisionAllow, DecisionAllowForSession:
	case DecisionCancelTurn:
		t.cancel()
		return errors.New("the user cancelled the turn")
	default:
		return errors.New(strings.TrimSuffix("denied: "+d.Feedback, ": "))
	}
	if t.unlogged != nil { // what nobody could be told of must not happen
		return t.unlogged
	}
	now, err := t.approval(ctx, p)
	switch {
	case err != nil:
		return err
	case now.Command != a.Command:
		return errOther
	case !slices.Equal(now.Changes, a.Changes):
		return errChanged
	}
	return nil
}

// approval words a proposal for the user.
func (t *turn) approval(ctx context.Context, p tools.Proposal) (Approval, error) {
	a := Approval{
		RequestKey: newID("a"), SessionID: t.opts.SessionID, TurnID: t.bounds.ID, TaskID: t.opts.TaskID,
		Kind: string(tools.EffectCommand), Title: visible(p.Title), Command: visible(p.Command), Rule: ruleFor(p),
		Options: []string{DecisionAllow, DecisionAllowForSession, DecisionDeny, DecisionCancelTurn},
	}
	if p.Effect == tools.EffectEdit {
		a.Kind = string(tools.EffectEdit)
	}
	if a.Rule == "" {
		a.Options = slices.Delete(a.Options, 1, 2)
	}
	patches := make([]tools.Patch, len(p.Paths))
	for i, path := range p.Paths {
		patches[i].Path = path
	}
	if p.Patches != nil {
		var err error
		if patches, err = p.Patches(ctx); err != nil {
			return Approval{}, err
		}
	}
	a.Changes = visiblePatches(patches)
	return a, nil
}

// decide waits for the user, as long as the turn may take. The error tells that
// nobody has decided.
func (t *turn) decide(ctx context.Context, call ToolCall, a Approval) (Decision, error) {
	asked := t.opts.Broker.put(pendingApproval(a), t.opts.ParentID)
	defer t.opts.Broker.drop(asked)
	t.emit(ctx, Event{Kind: KindApprovalRequested, RequestKey: a.RequestKey, CallID: call.ID, Tool: call.Name, Approval: &a})
	if t.unlogged != nil {
		return Decision{}, t.unlogged
	}
	t.clock.pause()
	defer t.clock.resume()
	d, err := first(ctx, asked,
		func(ctx context.Context) (Decision, error) { return t.opts.Client.RequestApproval(ctx, a) },
		func(r Response) Decision { return Decision{Decision: r.Decision, Feedback: r.Feedback} })
	if ctx.Err() != nil {
		err = errors.New(stopNote(context.Cause(ctx)))
	}
	if err != nil {
		t.opts.Broker.drop(asked) // who is told that it has an end finds it no more
		t.resolve(ctx, call, a, Decision{Decision: DecisionWithdrawn})
		return d, err
	}
	if checkDecision(d.Decision) != nil {
		d = Decision{Decision: DecisionDeny, Feedback: "the client's answer is no decision"}
	}
	return d, nil
}

func checkDecision(d string) error {
	all := []string{DecisionAllow, DecisionAllowForSession, DecisionDeny, DecisionCancelTurn}
	if slices.Contains(all, d) {
		return nil
	}
	return fmt.Errorf("%.200q: give %s", d, strings.Join(all, ", "))
}

// resolve tells of a decision and remembers its rule.
func (t *turn) resolve(ctx context.Context, call ToolCall, a Approval, d Decision) {
	e := Event{Kind: KindApprovalResolved, RequestKey: a.RequestKey, CallID: call.ID, Tool: call.Name, Decision: d.Decision, Feedback: d.Feedback}
	if d.Decision == DecisionAllowForSession && a.Rule != "" {
		e.Rule = a.Rule
		t.mu.Lock()
		t.rules = addRule(t.rules, Rule{call.Name, a.Rule})
		t.mu.Unlock()
	}
	t.emit(ctx, e)
}

// addRule puts a rule at the end, once.
func addRule(rules []Rule, r Rule) []Rule {
	if slices.Contains(rules, r) {
		return rules
	}
	if len(rules) >= maxRules {
		rules = slices.Delete(slices.Clone(rules), 0, 1)
	}
	return append(slices.Clip(rules), r)
}
