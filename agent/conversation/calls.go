package conversation

import (
	"slices"

	"github.com/pygent/pygent/agent/event"
)

// Results for the model of calls that their server did not finish.
const (
	callCutOff     = "[error] the server ended before this call did; it may not have run at all, or in part"
	callNotAllowed = "[error] not run: the server ended while the user was asked"
	callNotBegun   = "[error] not run: the server ended before"
)

// messageLost replaces a message whose record is lost.
const messageLost = "[a message is lost: its line in the session's journal is damaged]"

// call is a call without a result.
type call struct {
	event.ToolCall
	begun bool
}

// result answers a call that its server did not finish. asked is the id of the
// call that the user was being asked about.
func (c call) result(asked string) string {
	switch {
	case c.ID == asked:
		return callNotAllowed
	case c.begun:
		return callCutOff
	default:
		return callNotBegun
	}
}

// message adds a message and the calls of a reply. A record of an old server has
// the calls only in e.Calls, and only when there are several; toolStarted adds
// the others.
func (s *State) message(r *event.Record) {
	s.answerLost(len(s.calls))
	e := &r.Event
	s.turn.told = s.turn.told || e.Partial
	if s.lost && e.Role == event.RoleAssistant && s.history.last().Role == event.RoleAssistant && len(s.history.last().ToolCalls) == 0 {
		// Some providers refuse two replies in a row.
		s.history.add(event.Message{Role: event.RoleUser, Content: messageLost})
	}
	s.lost = false
	s.reply = len(s.history.messages)
	s.history.add(event.Message{Role: e.Role, Content: e.Text})
	if e.Steered && len(s.unheard) > 0 {
		s.unheard = s.unheard[1:]
	}
	if r.Reply != nil {
		for _, c := range r.Reply.ToolCalls {
			s.addCall(call{ToolCall: c})
		}
		return
	}
	for _, c := range e.Calls {
		s.addCall(call{ToolCall: event.ToolCall{ID: c.CallID, Name: c.Tool, Arguments: c.Arguments}})
	}
}

// startCall notes that a call begins. Calls run one after the other, so the
// results of open calls before it are lost.
func (s *State) startCall(c event.ToolCall) {
	i := slices.IndexFunc(s.calls, func(open call) bool { return open.ID == c.ID })
	switch {
	case i >= 0:
		s.answerLost(i)
		if open := &s.calls[0]; !open.begun {
			open.begun = true
			s.addArguments(c)
		}
	case !s.history.callIDs[c.ID]:
		s.answerLost(len(s.calls))
		s.addCall(call{c, true})
	}
}

func (s *State) finishCall(e *event.Event) {
	s.startCall(event.ToolCall{ID: e.CallID, Name: e.Tool, Arguments: "{}"}) // its toolStarted may be lost
	if len(s.calls) > 0 && s.calls[0].ID == e.CallID {
		s.calls = s.calls[1:]
		s.history.add(event.Message{Role: event.RoleTool, ToolCallID: e.CallID, Content: e.Text})
		s.answered(e.CallID)
	}
}

// addCall adds a call to the reply that made it. When the record of that reply is
// lost, it makes a reply.
func (s *State) addCall(c call) {
	h := &s.history
	if h.callIDs[c.ID] {
		return
	}
	if !s.takesCalls() {
		s.reply = len(h.messages)
		h.add(event.Message{Role: event.RoleAssistant})
	}
	m := &h.messages[s.reply]
	m.ToolCalls = append(m.ToolCalls, c.ToolCall)
	h.callIDs[c.ID] = true
	s.calls = append(s.calls, c)
}

// takesCalls reports whether a call can be added to the last message: a reply
// followed by nothing but results.
func (s *State) takesCalls() bool {
	h := &s.history
	return s.reply > 0 && h.messages[s.reply].Role == event.RoleAssistant &&
		(s.reply == len(h.messages)-1 || h.last().Role == event.RoleTool)
}

// addArguments adds the arguments of a call when its message event left them out.
func (s *State) addArguments(c event.ToolCall) {
	calls := s.history.messages[s.reply].ToolCalls
	i := slices.IndexFunc(calls, func(open event.ToolCall) bool { return open.ID == c.ID })
	if i >= 0 && calls[i].Arguments == "" {
		calls[i].Arguments = c.Arguments
	}
}

// answer adds results for the first n open calls, which their server did not
// finish.
func (s *State) answer(n int) {
	for _, c := range s.calls[:n] {
		s.history.add(event.Message{Role: event.RoleTool, ToolCallID: c.ID, Content: c.result(s.askedCall())})
		s.answered(c.ID)
	}
	s.calls = s.calls[n:]
}

// answered closes the approval of a call that has its result: the record of the
// decision may be lost, and the call must not run again.
func (s *State) answered(callID string) {
	if s.asked != nil && s.asked.CallID == callID {
		s.asked = nil
	}
}

// answerLost adds results for n open calls whose own results are lost, as the
// records after them show: they may have run.
func (s *State) answerLost(n int) {
	for i := range n {
		s.calls[i].begun = true
	}
	s.answer(n)
}

func (s *State) askedCall() string {
	if s.asked == nil {
		return ""
	}
	return s.asked.CallID
}
