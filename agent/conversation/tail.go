package conversation

import (
	"encoding/json"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// Tail is the state of a session that no server has open, read from the end of
// its journal.
type Tail struct {
	State event.SessionState // idle, waiting or interrupted
	End   *event.Event       // of the last turn; nil when the turn has no end
	Asked *event.Approval    // the undecided approval; nil for none
}

// ReadTail reads a journal backwards with back, as far as it must.
func ReadTail(back func(func(journal.Line) bool) error) (t Tail, err error) {
	t.State = event.SessionIdle
	err = back(func(l journal.Line) bool {
		var e event.Event
		if json.Unmarshal(l.Data, &e) != nil || e.TurnID == "" || e.Kind == event.KindReverted {
			return true // it may be anywhere
		}
		switch e.Kind {
		case event.KindRewound:
		case event.KindTurnFinished:
			t.End = &e
			if e.Status == event.StatusWaiting {
				t.State = event.SessionWaiting
			}
		case event.KindApprovalRequested:
			t.State, t.Asked = event.SessionInterrupted, e.Approval
		default:
			t.State = event.SessionInterrupted
		}
		return false
	})
	return t, err
}
