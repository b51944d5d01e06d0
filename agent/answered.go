package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
)

// Answered is the decision on an approval that a server asked for before it ended.
type Answered struct {
	conversation.Pending
	Decision event.Decision
}

// Pending returns the approval that the last server left undecided, nil when
// there is none or a turn has begun since. Restore reports an unreadable journal.
func (a *Agent) Pending() *conversation.Pending {
	if a.hasBegun() {
		return nil
	}
	if j := a.log.Journal(); j != nil && !a.log.Restored() { // its end shows whether the whole must be read
		if tail, err := conversation.ReadTail(j.Back); err != nil || tail.Asked == nil || a.Restore() != nil {
			return nil
		}
	}
	if p := a.state().Pending(); !a.hasBegun() { // since
		return p
	}
	return nil
}

// Answer gives the decision on the approval with this key to a turn, which must
// follow.
func (a *Agent) Answer(key string, d event.Decision) (*Answered, bool) {
	p := a.Pending()
	if p == nil || p.Approval.RequestKey != key {
		return nil, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun {
		return nil, false
	}
	a.begun = true
	return &Answered{*p, d}, true
}

// resumeCall continues the round whose approval was open: it runs the call or
// answers it, as decided, and then runs the calls after it.
func (t *turn) resumeCall(ctx context.Context, given *Answered) (event.Message, error) {
	ctx, cancel := t.bound(ctx)
	defer cancel()
	_, t.tools = t.InForce()
	reply := t.state().LastReply()
	i := slices.IndexFunc(reply.ToolCalls, func(c event.ToolCall) bool { return c.ID == given.CallID })
	if i < 0 {
		t.resolve(ctx, event.ToolCall{ID: given.CallID}, given.Approval, event.Decision{Decision: event.DecisionWithdrawn})
		return reply, fmt.Errorf("the call %.200q, which the user was asked about, is lost", given.CallID)
	}
	rest := Reply{Message: reply, Finish: FinishTools}
	rest.Message.ToolCalls = reply.ToolCalls[i:]
	return reply, t.calls(ctx, rest, given)
}
