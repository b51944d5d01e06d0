package agent

import (
	"context"
	"errors"
)

// leftover is what a server that ended has left of a turn: calls that nobody has
// told a result of, and the approval that one of them waited for.
type leftover struct {
	turnID string
	asked  *orphan // nil: none
	calls  []openCall

	reverts []string // ids of those that came while its approval was open
}

// left is what is left at the end of a journal, nil for nothing.
func (r *rebuilder) left(asked *orphan) *leftover {
	switch {
	case asked != nil:
		return &leftover{turnID: asked.approval.TurnID, asked: asked, calls: r.open, reverts: r.reverts}
	case len(r.open) > 0:
		return &leftover{turnID: r.turn, calls: r.open}
	default:
		return nil
	}
}

// tellLeftover gives each call that a server left its one result, as an event of
// its turn, because something else begins. The conversation has those results
// already, unless the user could still have answered.
func (a *Agent) tellLeftover(ctx context.Context) error {
	a.mu.Lock()
	left := a.leftover
	a.leftover, a.orphan = nil, nil
	if left != nil && left.asked != nil {
		for _, c := range left.calls {
			a.history.add(Message{Role: RoleTool, ToolCallID: c.ID, Content: c.text(left.asked.callID)})
		}
		a.history.note(serverEnded)
		a.history.mark(left.reverts...)
	}
	a.mu.Unlock()
	if left == nil {
		return nil
	}
	return left.tell(ctx, a.log)
}

// tell withdraws the approval and gives each call its one result, as events of
// the turn.
func (l *leftover) tell(ctx context.Context, log *eventLog) error {
	var errs []error
	send := func(e Event) {
		e.TurnID = l.turnID
		errs = append(errs, log.send(ctx, e))
	}
	asked := ""
	if o := l.asked; o != nil {
		asked = o.callID
		send(Event{Kind: KindApprovalResolved, RequestKey: o.approval.RequestKey, CallID: asked, Decision: DecisionWithdrawn})
	}
	for _, c := range l.calls {
		if !c.begun {
			send(Event{Kind: KindToolStarted, CallID: c.ID, Tool: c.Name, Arguments: c.Arguments})
		}
		send(Event{Kind: KindToolFinished, CallID: c.ID, Tool: c.Name, Text: c.text(asked), IsError: true})
	}
	return errors.Join(errs...)
}
