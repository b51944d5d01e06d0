package conversation

import (
	"github.com/pygent/pygent/agent/event"
)

// Pending is the undecided approval of the open turn, and what the turn may still
// use.
type Pending struct {
	Approval event.Approval
	CallID   string
	Bounds   Bounds
	Spent    Spent
}

// Bounds are the bounds of a turn. A zero field is no bound.
type Bounds struct {
	MaxSteps int        // model rounds
	Mode     event.Mode // "" is the session's mode
	Dirty    []string   // clean paths of files that the user is editing: the turn must not write them
	Limits   event.Limits
}

// Pending returns the undecided approval of the open turn, or nil.
func (s *State) Pending() *Pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.pending() {
		return nil
	}
	return &Pending{Approval: *s.asked.Approval, CallID: s.asked.CallID, Bounds: s.bounds(), Spent: s.turn.spent}
}

// pending reports whether the open turn has an undecided approval. A turn that
// continued after the answer has another id.
func (s *State) pending() bool {
	return s.asked != nil && s.asked.Approval != nil && (s.turn.id == "" || s.turn.id == s.asked.TurnID)
}

// bounds returns the bounds of the open turn. When the record of its start is
// lost, they are unknown and the turn asks at least. A mode that the user has set
// since can make the turn's own stricter, never weaker.
func (s *State) bounds() Bounds {
	e := s.turn.started
	if e.TurnID != s.asked.TurnID {
		return Bounds{Mode: s.settings.Mode.Stricter(event.ModeAsk)}
	}
	b := Bounds{MaxSteps: e.MaxSteps, Mode: e.Mode, Dirty: s.turn.dirtyFiles()}
	if b.Mode != "" && s.turn.mode != s.settings.Mode {
		b.Mode = b.Mode.Stricter(s.settings.Mode)
	}
	if e.Limits != nil {
		b.Limits = *e.Limits
	}
	return b
}

// TurnID returns the id of the open turn, "" when none is open.
func (s *State) TurnID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turn.id
}

// Unfinished returns the events that end the open turn of another server: the
// approval is withdrawn, and each call without a result gets one.
func (s *State) Unfinished() []event.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []event.Event
	turnID := s.turn.id
	if s.pending() {
		turnID = s.asked.TurnID
	}
	tell := func(e event.Event) {
		e.TurnID = turnID
		list = append(list, e)
	}
	if a := s.asked; s.pending() {
		tell(event.Event{Kind: event.KindApprovalResolved, RequestKey: a.RequestKey, CallID: a.CallID, Decision: event.DecisionWithdrawn})
	}
	for _, c := range s.calls {
		if !c.begun {
			tell(event.Event{Kind: event.KindToolStarted, CallID: c.ID, Tool: c.Name, Arguments: c.Arguments})
		}
		tell(event.Event{Kind: event.KindToolFinished, CallID: c.ID, Tool: c.Name, Text: c.result(s.askedCall()), IsError: true})
	}
	return list
}
