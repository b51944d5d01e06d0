package agent

import (
	"encoding/json"
	"fmt"

	"github.com/pygent/pygent/agent/journal"
)

// What the model is told where a server ended in the middle of a turn.
const (
	serverEnded = "[the server ended]"
	messageLost = "[a message is lost: its line in the session's journal is damaged]"
)

// rebuildPage bounds what is read of a journal at once.
const rebuildPage = 1 << 20

// Restore rebuilds conversation and settings from the events of the journal. It
// is called before the first turn of an agent whose journal has events; further
// calls do nothing. An agent without a journal has nothing to restore.
func (a *Agent) Restore() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	j := a.log.kept()
	if a.restored || j == nil {
		return nil
	}
	r := rebuilder{history: newHistory(a.history.messages[0].Content), settings: a.settings, rules: a.rules}
	if err := r.replay(j); err != nil {
		return fmt.Errorf("restore session %s: %w", a.opts.SessionID, err)
	}
	asked := a.orphan
	if asked != nil {
		asked = &orphan{
			approval: asked.approval, callID: asked.callID,
			bounds: r.underway.bounds(asked.approval.TurnID, r.settings), mode: r.underway.mode, spent: r.underway.spent,
		}
	}
	left := r.left(asked)
	if asked == nil { // else its call is still to be decided
		r.cutOff()
	}
	if err := a.use(r.settings); err != nil {
		return fmt.Errorf("restore session %s: %w", a.opts.SessionID, err)
	}
	a.history, a.rules, a.unheard, a.restored = r.history, r.rules, r.unheard, true
	a.orphan, a.leftover = asked, left
	return nil
}

// decodeEvent reads a record back. A damaged one becomes a notice in its place,
// and ok is false.
func decodeEvent(sessionID string, line journal.Line) (e Event, ok bool) {
	ok = line.Data != nil && json.Unmarshal(line.Data, &e) == nil && e.Kind != ""
	if !ok {
		e = Event{Kind: KindNotice, Level: "error", Text: fmt.Sprintf("event %d of this session is lost: its line in the journal is damaged", line.Seq)}
	}
	e.SessionID, e.Seq = sessionID, line.Seq
	return e, ok
}

// rebuilder makes of events what the agent that sent them had in memory.
type rebuilder struct {
	history  history
	settings settings
	rules    []Rule

	turn    string     // the turn that runs, "" between turns
	told    bool       // a partial message has told why it broke off
	reply   int        // index of the message that the calls belong to
	open    []openCall // calls of the reply that have no answer, in order
	lost    bool       // a line was damaged since the last message
	unheard []string   // said to a turn, and not heard by the model
	asked   string     // the call of which the user was asked, "" when no approval is open

	reverts  []string // ids of those that came in the middle of the turn
	underway underway
}

// replay applies all events of a journal.
func (r *rebuilder) replay(j *journal.Journal) error {
	for after, more := int64(0), true; more; {
		page, err := j.Page(after, journal.Bounds{Bytes: rebuildPage})
		if err != nil {
			return err
		}
		for _, line := range page.Lines {
			e, ok := decodeEvent(j.Header().SessionID, line)
			r.lost = r.lost || !ok
			r.apply(e)
			after = line.Seq
		}
		more = page.More
	}
	return nil
}

func (r *rebuilder) apply(e Event) {
	r.underway.see(e, r.settings)
	switch e.Kind {
	case KindTurnStarted:
		if e.RequestKey != "" { // it goes on in the middle of a round
			r.history.markAgain(append(r.reverts, e.TurnID)...)
			r.turn, r.reverts = e.TurnID, nil
			return
		}
		r.cutOff()
		r.history.mark(e.TurnID)
		r.turn, r.told, r.reply = e.TurnID, false, 0
	case KindMessage:
		r.answerLost(len(r.open))
		r.told = r.told || e.Partial
		r.message(Message{Role: e.Role, Content: e.Text})
		if e.Steered && len(r.unheard) > 0 {
			r.unheard = r.unheard[1:]
		}
		for _, c := range e.Calls {
			r.add(openCall{ToolCall: ToolCall{ID: c.CallID, Name: c.Tool, Arguments: c.Arguments}})
		}
	case KindToolStarted:
		r.start(ToolCall{ID: e.CallID, Name: e.Tool, Arguments: e.Arguments})
	case KindToolFinished:
		r.start(ToolCall{ID: e.CallID, Name: e.Tool, Arguments: "{}"}) // its line may be lost
		if len(r.open) > 0 && r.open[0].ID == e.CallID {
			r.open = r.open[1:]
			r.history.add(Message{Role: RoleTool, ToolCallID: e.CallID, Content: e.Text})
		}
	case KindTurnFinished:
		r.answerLost(len(r.open))
		if note := breakNote(e.Status, e.Reason); note != "" && !r.told {
			r.history.note(note)
		}
		r.turn = ""
		r.markReverts()
	case KindApprovalRequested:
		r.asked = e.CallID
	case KindApprovalResolved:
		r.asked = ""
		if e.Rule != "" {
			r.rules = addRule(r.rules, Rule{e.Tool, e.Rule})
		}
	case KindSteered:
		r.unheard = append(r.unheard, e.Text)
	case KindRewound:
		r.cutOff()
		r.unheard = nil
		r.history.rewind(e.ToTurnID, e.TurnID)
	case KindReverted: // the turn that a server has left can still go on
		r.reverts = append(r.reverts, e.TurnID)
		if !r.unfinished() {
			r.markReverts()
		}
	case KindConfigured:
		r.settings = r.settings.with(e)
	}
}

// message adds what was said. Where the user's words between two replies are
// lost, something has to stand in: some providers refuse two replies in a row.
func (r *rebuilder) message(m Message) {
	last := r.history.messages[len(r.history.messages)-1]
	if r.lost && m.Role == RoleAssistant && last.Role == RoleAssistant && len(last.ToolCalls) == 0 {
		r.history.add(Message{Role: RoleUser, Content: messageLost})
	}
	r.lost = false
	r.reply = len(r.history.messages)
	r.history.add(m)
}

// cutOff ends a turn whose server ended before it did.
func (r *rebuilder) cutOff() {
	if !r.unfinished() {
		return
	}
	r.answer(len(r.open))
	r.asked = ""
	r.history.note(serverEnded)
	r.turn = ""
	r.markReverts()
}

func (r *rebuilder) unfinished() bool { return r.turn != "" || len(r.open) > 0 }

// markReverts remembers reverts where the turn before them has its end.
func (r *rebuilder) markReverts() {
	r.history.mark(r.reverts...)
	r.reverts = nil
}

// breakNote is what the model is told of a turn that broke off, "" for one that
// did not.
func breakNote(status, reason string) string {
	switch status {
	case StatusFailed:
		return "[error] " + reason
	case StatusTimeout, StatusCancelled:
		return "[" + reason + "]"
	default:
		return ""
	}
}
