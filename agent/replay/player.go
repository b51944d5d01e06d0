package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// Player is an agent.Model that plays a recording. It is safe for concurrent
// use.
type Player struct {
	name   string
	header header
	root   *node // its children begin conversations
	count  int   // exchanges

	mu sync.Mutex // guards every node's uses
}

// ModelName returns the model that the header names, "" if none.
func (p *Player) ModelName() string { return p.header.Model }

// Note returns the header's note, "" if none.
func (p *Player) Note() string { return p.header.Note }

// Chat implements agent.Model. The text streams in pieces of one word. A
// request that the recording does not know fails with a *DivergenceError; the
// request's model and tools are not compared.
func (p *Player) Chat(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	if ctx.Err() != nil {
		return agent.Reply{}, context.Cause(ctx)
	}
	n, err := p.find(req.Messages)
	if err != nil {
		return agent.Reply{}, err
	}
	for word := range words(n.Reasoning) {
		if ctx.Err() != nil {
			return agent.Reply{}, context.Cause(ctx)
		}
		emit(agent.Delta{Reasoning: word})
	}
	var out agent.Reply
	if n.Reply != nil {
		out = n.Reply.play()
	}
	said := 0
	for word := range words(out.Message.Content) {
		if ctx.Err() != nil {
			break
		}
		emit(agent.Delta{Text: word})
		said += len(word)
	}
	if ctx.Err() != nil {
		partial := event.Message{Role: event.RoleAssistant, Content: out.Message.Content[:said]}
		return agent.Reply{Message: partial}, context.Cause(ctx)
	}
	if n.Error != nil {
		out.Message.ToolCalls = nil
		return out, n.Error.play()
	}
	return out, nil
}

// words cuts text after its spaces and line breaks.
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for text != "" {
			i := strings.IndexAny(text, " \n") + 1
			if i == 0 {
				i = len(text)
			}
			if !yield(text[:i]) {
				return
			}
			text = text[i:]
		}
	}
}

// find walks msgs from the root and takes the reply at their end. Several
// exchanges can match at each step (for example when the same conversation was
// recorded twice), so it follows all of them.
func (p *Player) find(msgs []event.Message) (*node, error) {
	walk := walk{player: p, msgs: msgs}
	// here holds the nodes that were reached at each position of msgs.
	here, pos := map[int][]*node{0: {p.root}}, 0
	var ends []*node
	for ; pos < len(msgs); pos++ {
		for _, from := range here[pos] {
			for _, next := range from.children {
				at, ok := walk.matchNew(next, pos, from == p.root)
				switch {
				case !ok:
				case at == len(msgs):
					ends = append(ends, next)
				case walk.matchReply(next, at):
					here[at+1] = append(here[at+1], next)
				}
			}
			if len(from.children) == 0 {
				walk.miss(pos, from.line, "the recording ends there", nil)
			}
		}
		delete(here, pos)
	}
	for _, n := range here[len(msgs)] { // the request ends with a reply
		walk.miss(len(msgs), n.line, "no message is new after this reply", nil)
	}
	if len(ends) == 0 {
		return nil, walk.divergence()
	}
	return p.take(ends), nil
}

// take picks the first of ends that was not played yet, else the last.
func (p *Player) take(ends []*node) *node {
	slices.SortFunc(ends, func(a, b *node) int { return a.line - b.line })
	p.mu.Lock()
	defer p.mu.Unlock()
	chosen := ends[len(ends)-1]
	for _, n := range ends {
		if n.uses == 0 {
			chosen = n
			break
		}
	}
	chosen.uses++
	return chosen
}

// matchNew compares n's new messages with the request's from pos on, and returns
// the position after them.
func (w *walk) matchNew(n *node, pos int, begins bool) (int, bool) {
	if begins && n.Messages[0].Role != event.RoleSystem && w.msgs[pos].Role == event.RoleSystem {
		pos++ // a recording without a system message matches any
	}
	for i := range n.Messages {
		if pos >= len(w.msgs) {
			w.miss(pos, n.line, "no more messages came", &n.Messages[i])
			return pos, false
		}
		if what := n.Messages[i].differs(&w.msgs[pos]); what != "" {
			w.miss(pos, n.line, what, &n.Messages[i])
			return pos, false
		}
		pos++
	}
	return pos, true
}

// matchReply compares n's reply with the request's message at pos.
func (w *walk) matchReply(n *node, pos int) bool {
	if !n.continues() {
		w.miss(pos, n.line, "an error was recorded there, and nothing after it", nil)
		return false
	}
	if what := n.Reply.Message.differs(&w.msgs[pos]); what != "" {
		w.miss(pos, n.line, what, &n.Reply.Message)
		return false
	}
	return true
}

// differs returns the first part in which came differs from the recording, or "".
// Bytes that a file cannot hold do not count (see same), nor does an empty call
// id, because a reply gets one when it is read.
func (m *message) differs(came *event.Message) string {
	switch {
	case m.Role != came.Role:
		return "role"
	case m.Content != nil && !same(*m.Content, came.Content):
		return "content"
	case m.ToolCallID != "" && !same(m.ToolCallID, came.ToolCallID):
		return "toolCallId"
	case len(m.ToolCalls) != len(came.ToolCalls):
		return "number of tool calls"
	}
	for i, c := range m.ToolCalls {
		switch got := came.ToolCalls[i]; {
		case !same(c.Name, got.Name):
			return fmt.Sprintf("name of tool call %d", i+1)
		case !same(orEmpty(string(c.Arguments)), orEmpty(got.Arguments)):
			return fmt.Sprintf("arguments of tool call %d", i+1)
		case c.ID != "" && got.ID != "" && !same(c.ID, got.ID):
			return fmt.Sprintf("id of tool call %d", i+1)
		}
	}
	return ""
}

// same compares texts in the form that JSON can hold: there each byte that is not
// UTF-8 is U+FFFD.
func same(recorded, came string) bool {
	return recorded == came || asJSON(recorded) == asJSON(came)
}

// asJSON returns text as encoding/json would. Unlike strings.ToValidUTF8, that
// replaces byte by byte.
func asJSON(text string) string { return string([]rune(text)) }

// orEmpty returns the JSON text of arguments; a custom model may omit them.
func orEmpty(arguments string) string {
	if arguments == "" {
		return "{}"
	}
	return arguments
}
