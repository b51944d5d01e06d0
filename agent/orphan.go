package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pygent/pygent/agent/journal"
)

// orphan is an approval whose server ended before it was answered. It is the
// last thing in its session until it is answered or something else begins.
type orphan struct {
	approval Approval
	callID   string

	// Of the turn that it was asked in; set by Restore.

	bounds Turn
	mode   string // the session's when the turn began
	spent  spent
}

// answered is an orphan and the decision that it got at last.
type answered struct {
	orphan
	decision Decision
	reverts  []string // ids of those that came meanwhile
}

// lastAsked finds the orphan at the end of a journal, nil when there is none. What
// has come behind it without beginning anything, as a revert of files, is passed over.
func lastAsked(back func(func(journal.Line) bool) error) (found *orphan, err error) {
	err = back(func(l journal.Line) bool {
		var e Event
		switch {
		case json.Unmarshal(l.Data, &e) != nil, e.TurnID == "":
			return true
		case e.Kind == KindConfigured, e.Kind == KindSteered, e.Kind == KindReverted:
			return true
		}
		if e.Kind == KindApprovalRequested && e.Approval != nil {
			found = &orphan{approval: *e.Approval, callID: e.CallID}
		}
		return false
	})
	return found, err
}

// asked is the orphan of the session, if it has one.
func (a *Agent) asked() *orphan {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orphan
}

// take hands the orphan with that key over to a turn, which it decides.
func (a *Agent) take(key string, d Decision) (*answered, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.orphan == nil || a.orphan.approval.RequestKey != key {
		return nil, false
	}
	given := &answered{orphan: *a.orphan, decision: d}
	if a.leftover != nil {
		given.reverts = a.leftover.reverts
	}
	if given.bounds.Mode != "" && a.settings.Mode != given.mode { // the user has had another word since
		given.bounds.Mode = stricter(given.bounds.Mode, a.settings.Mode)
	}
	a.orphan, a.leftover = nil, nil
	return given, true
}

// resumeCall runs the call of an orphan, or answers it, as the decision has it,
// and then the calls behind it. It is the rest of the round that they were made in.
func (t *turn) resumeCall(ctx context.Context, given *answered) (Message, error) {
	ctx, cancel := t.bound(ctx)
	defer cancel()
	t.mu.Lock()
	t.tools = t.Agent.tools
	reply := t.history.lastReply()
	t.mu.Unlock()
	i := slices.IndexFunc(reply.ToolCalls, func(c ToolCall) bool { return c.ID == given.callID })
	if i < 0 {
		t.resolve(ctx, ToolCall{ID: given.callID}, given.approval, Decision{Decision: DecisionWithdrawn})
		return reply, fmt.Errorf("the call %.200q, which the user was asked about, is lost", given.callID)
	}
	rest := Reply{Message: reply, Finish: FinishTools}
	rest.Message.ToolCalls = reply.ToolCalls[i:]
	return reply, t.calls(ctx, rest, given)
}
