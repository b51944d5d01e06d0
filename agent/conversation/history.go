package conversation

import (
	"fmt"
	"slices"

	"github.com/pygent/pygent/agent/event"
)

// history is the conversation as the model gets it, with the places that a rewind
// can go back to.
type history struct {
	messages []event.Message
	callIDs  map[string]bool // of every tool call, rewound ones included
	marks    []mark          // where each turn, rewind and revert began, oldest first
}

// mark is the conversation as it was before a turn, a rewind or a revert. The
// messages share memory with the history; their capacity is cut to their length,
// so that an append copies them.
type mark struct {
	id     string
	before []event.Message
}

func newHistory(systemPrompt string) history {
	return history{
		messages: []event.Message{{Role: event.RoleSystem, Content: systemPrompt}},
		callIDs:  map[string]bool{},
	}
}

func (h *history) add(m event.Message) { h.messages = append(h.messages, m) }

func (h *history) last() event.Message { return h.messages[len(h.messages)-1] }

// note adds the reason why a turn broke off, unless the last message is a reply:
// some providers refuse two replies in a row.
func (h *history) note(text string) {
	if last := h.last(); last.Role != event.RoleAssistant || len(last.ToolCalls) > 0 {
		h.add(event.Message{Role: event.RoleAssistant, Content: text})
	}
}

// mark remembers that the turn, rewind or revert with these ids begins here.
func (h *history) mark(ids ...string) {
	for _, id := range ids {
		h.marks = append(h.marks, mark{id, slices.Clip(h.messages)})
	}
}

// markAgain adds the ids to the last marked turn: a rewind cannot go to the
// middle of a turn.
func (h *history) markAgain(ids ...string) {
	n := len(h.marks)
	if n == 0 {
		return
	}
	for _, id := range ids {
		h.marks = append(h.marks, mark{id, h.marks[n-1].before})
	}
}

// rewind restores the conversation as it was before to. It remembers the rewind
// itself as id.
func (h *history) rewind(to, id string) {
	for _, m := range slices.Backward(h.marks) {
		if m.id == to {
			h.mark(id)
			h.messages = m.before
			return
		}
	}
}

// LastReply returns the model's last message.
func (s *State) LastReply() event.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range slices.Backward(s.history.messages) {
		if m.Role == event.RoleAssistant {
			return m
		}
	}
	return event.Message{}
}

// UniqueIDs returns a copy of calls in which each has an id that no other call of
// the conversation has: some providers leave ids out, and some repeat them in
// each reply. A new id depends on the conversation alone, so a recorded
// conversation can be replayed.
func (s *State) UniqueIDs(calls []event.ToolCall) []event.ToolCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls = slices.Clone(calls)
	taken := map[string]bool{}
	for i := range calls {
		id := calls[i].ID
		for n := i; id == "" || taken[id] || s.history.callIDs[id]; n++ {
			id = fmt.Sprintf("call_%d_%d", len(s.history.messages), n)
		}
		calls[i].ID, taken[id] = id, true
	}
	return calls
}

// Began reports whether the conversation has a turn, rewind or revert with this
// id.
func (s *State) Began(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.began(), id)
}

// Since returns the ids of the turn, rewind or revert from, and of all after it.
func (s *State) Since(from string) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := map[string]bool{}
	for _, id := range slices.Backward(s.began()) {
		ids[id] = true
		if id == from {
			break
		}
	}
	return ids
}

// began returns the ids of all turns, rewinds and reverts, in order.
func (s *State) began() []string {
	ids := make([]string, 0, len(s.history.marks)+len(s.reverts))
	for _, m := range s.history.marks {
		ids = append(ids, m.id)
	}
	return append(ids, s.reverts...)
}
