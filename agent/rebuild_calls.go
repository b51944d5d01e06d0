package agent

import "slices"

// What the model is told of calls whose server ended.
const (
	callCutOff     = "[error] the server ended before this call did; it may not have run at all, or in part"
	callNotAllowed = "[error] not run: the server ended while the user was asked"
	callNotBegun   = "[error] not run: the server ended before"
)

// openCall is a call without an answer.
type openCall struct {
	ToolCall
	begun bool
}

// text answers a call whose server has ended; asked is the one of which the user
// was being asked.
func (c openCall) text(asked string) string {
	switch {
	case c.ID == asked:
		return callNotAllowed
	case c.begun:
		return callCutOff
	default:
		return callNotBegun
	}
}

// start notes that a call begins, which its reply may have told before. Calls run
// one after the other, so those before it have lost their lines.
func (r *rebuilder) start(call ToolCall) {
	i := slices.IndexFunc(r.open, func(c openCall) bool { return c.ID == call.ID })
	switch {
	case i >= 0:
		r.answerLost(i)
		if c := &r.open[0]; !c.begun {
			c.begun = true
			r.argue(call)
		}
	case !r.history.callIDs[call.ID]:
		r.answerLost(len(r.open))
		r.add(openCall{call, true})
	}
}

// add puts a call into the reply that made it. Where the reply's line is lost, the
// call still needs one to stand in.
func (r *rebuilder) add(c openCall) {
	h := &r.history
	if h.callIDs[c.ID] {
		return
	}
	if r.reply == 0 || h.messages[r.reply].Role != RoleAssistant {
		r.reply = len(h.messages)
		h.add(Message{Role: RoleAssistant})
	}
	m := &h.messages[r.reply]
	m.ToolCalls = append(m.ToolCalls, c.ToolCall)
	h.callIDs[c.ID] = true
	r.open = append(r.open, c)
}

// argue adds the arguments of a call whose reply had no room for them.
func (r *rebuilder) argue(call ToolCall) {
	calls := r.history.messages[r.reply].ToolCalls
	if i := slices.IndexFunc(calls, func(c ToolCall) bool { return c.ID == call.ID }); i >= 0 && calls[i].Arguments == "" {
		calls[i].Arguments = call.Arguments
	}
}

// answer answers the first n open calls, whose server has ended.
func (r *rebuilder) answer(n int) {
	for _, c := range r.open[:n] {
		r.history.add(Message{Role: RoleTool, ToolCallID: c.ID, Content: c.text(r.asked)})
	}
	r.open = r.open[n:]
}

// answerLost is answer for calls whose own lines must be lost, because others
// follow: nobody knows what they did.
func (r *rebuilder) answerLost(n int) {
	for i := range n {
		r.open[i].begun = true
	}
	r.answer(n)
}
