package agent

import (
	"fmt"
	"slices"
)

// history is the conversation as the model gets it, and the places in it that a
// rewind can go back to.
type history struct {
	messages []Message
	callIDs  map[string]bool // of every tool call, rewound ones too
	marks    []mark          // where each turn and each rewind began, oldest first
}

// mark remembers the conversation as it was before a turn or a rewind. The
// messages share their memory with the history; its capacity ends with it.
type mark struct {
	id     string
	before []Message
}

func newHistory(system string) history {
	return history{messages: []Message{{Role: RoleSystem, Content: system}}, callIDs: map[string]bool{}}
}

func (h *history) add(m Message) { h.messages = append(h.messages, m) }

// note adds a remark on why a turn broke off, unless the model has had its say:
// two replies in a row are refused by some providers.
func (h *history) note(text string) {
	last := h.messages[len(h.messages)-1]
	if last.Role != RoleAssistant || len(last.ToolCalls) > 0 {
		h.add(Message{Role: RoleAssistant, Content: text})
	}
}

// mark remembers that what has the ids begins here.
func (h *history) mark(ids ...string) {
	for _, id := range ids {
		h.marks = append(h.marks, mark{id, slices.Clip(h.messages)})
	}
}

// rewind makes the conversation what it was before the turn or rewind to. The
// rewind itself is remembered as id.
func (h *history) rewind(to, id string) bool {
	for i := len(h.marks) - 1; i >= 0; i-- {
		if h.marks[i].id == to {
			before := h.marks[i].before
			h.mark(id)
			h.messages = before
			return true
		}
	}
	return false
}

// markAgain makes what has the ids a part of the turn that was marked last: there
// is no going back to the middle of it.
func (h *history) markAgain(ids ...string) {
	n := len(h.marks)
	if n == 0 {
		return
	}
	for _, id := range ids {
		h.marks = append(h.marks, mark{id, h.marks[n-1].before})
	}
}

// lastReply is the model's last one.
func (h *history) lastReply() Message {
	for _, m := range slices.Backward(h.messages) {
		if m.Role == RoleAssistant {
			return m
		}
	}
	return Message{}
}

// ownIDs gives each call an id that no other call of the conversation has: some
// providers leave ids out, and some begin with the same ones in each reply. What
// is made up depends only on the conversation, so that a recorded one plays
// again. The calls are copied: the model may hold on to its own.
func (h *history) ownIDs(calls []ToolCall) []ToolCall {
	calls = slices.Clone(calls)
	for i := range calls {
		id := calls[i].ID
		for n := i; id == "" || h.callIDs[id]; n++ {
			id = fmt.Sprintf("call_%d_%d", len(h.messages), n)
		}
		calls[i].ID = id
		h.callIDs[id] = true
	}
	return calls
}
