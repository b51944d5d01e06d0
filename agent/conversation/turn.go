package conversation

import (
	"cmp"
	"time"

	"github.com/pygent/pygent/agent/event"
)

// serverEnded is the remark for the model on a turn whose server ended.
const serverEnded = "[the server ended]"

// turn holds what is known of the open turn. The zero value means that no turn is
// open.
type turn struct {
	id      string
	started event.Event
	mode    event.Mode // the session's when it began
	dirty   *[]string  // of the last prompt that names any; nil: none did
	spent   Spent
	told    bool // a partial message has said why the turn broke off
}

// Spent is what a turn has used.
type Spent struct {
	Steps int // model rounds
	Usage event.Usage
	Time  time.Duration // until the last question to the user
}

// see updates the turn by an event.
func (t *turn) see(e *event.Event, session Settings) {
	switch e.Kind {
	case event.KindTurnStarted:
		t.started, t.mode = *e, session.Mode
		t.spent = Spent{Steps: e.Steps, Time: event.Duration(e.DurationSeconds)}
		if e.Usage != nil {
			t.spent.Usage = *e.Usage
		}
	case event.KindMessage:
		if e.Role == event.RoleAssistant && !e.Partial {
			t.spent.Steps++
		}
	case event.KindUsage:
		if e.Usage != nil {
			t.spent.Usage = *e.Usage
		}
	case event.KindSteered:
		if e.DirtyFiles != nil {
			t.dirty = e.DirtyFiles
		}
	case event.KindApprovalRequested:
		t.spent.Time = event.Duration(t.started.DurationSeconds) + max(0, e.Time.Sub(t.started.Time))
	}
}

// startTurn begins a turn. When e names an approval, the open turn continues at
// it.
func (s *State) startTurn(e *event.Event) {
	if e.RequestKey != "" {
		s.history.markAgain(append(s.reverts, e.TurnID)...)
		s.turn.id, s.reverts = e.TurnID, nil
		return
	}
	next := s.turn // see has filled it
	s.cutOff()
	s.turn, s.reply = next, 0
	s.turn.id, s.turn.told = e.TurnID, false
	s.history.mark(e.TurnID)
}

func (s *State) finishTurn(e *event.Event) {
	s.answerLost(len(s.calls))
	if note := BreakNote(e.Status, e.Reason); note != "" && !s.turn.told {
		s.history.note(note)
	}
	s.turn, s.asked = turn{}, nil
	s.markReverts()
}

// open reports whether a turn has no end yet.
func (s *State) open() bool { return s.turn.id != "" || len(s.calls) > 0 }

// cutOff ends a turn that its server did not end.
func (s *State) cutOff() {
	if !s.open() {
		return
	}
	s.answer(len(s.calls))
	s.history.note(serverEnded)
	s.turn, s.asked = turn{}, nil
	s.markReverts()
}

// markReverts marks reverts at the end of the turn before them.
func (s *State) markReverts() {
	if len(s.reverts) > 0 {
		s.reply = 0 // a rewind to here must not find a later call
	}
	s.history.mark(s.reverts...)
	s.reverts = nil
}

// dirtyFiles returns the files that the user was editing, by the client's last
// word.
func (t *turn) dirtyFiles() []string {
	if d := cmp.Or(t.dirty, t.started.DirtyFiles); d != nil {
		return *d
	}
	return nil
}

// BreakNote is the remark for the model on a turn that broke off, "" for one that
// did not.
func BreakNote(status event.Status, reason string) string {
	switch status {
	case event.StatusFailed:
		return "[error] " + reason
	case event.StatusTimeout, event.StatusCancelled:
		return "[" + reason + "]"
	default:
		return ""
	}
}
