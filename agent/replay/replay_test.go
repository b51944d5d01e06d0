package replay

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

func system(text string) event.Message {
	return event.Message{Role: event.RoleSystem, Content: text}
}

func user(text string) event.Message { return event.Message{Role: event.RoleUser, Content: text} }

func result(id, text string) event.Message {
	return event.Message{Role: event.RoleTool, ToolCallID: id, Content: text}
}

// ask sends a request and returns the reply, the error and the text deltas.
func ask(t testing.TB, m agent.Model, msgs ...event.Message) (agent.Reply, error) {
	t.Helper()
	var text strings.Builder
	r, err := m.Chat(t.Context(), agent.Request{Messages: msgs}, func(d agent.Delta) { text.WriteString(d.Text) })
	if text.String() != r.Message.Content {
		t.Errorf("deltas are %q, the reply is %q", text.String(), r.Message.Content)
	}
	return r, err
}

// converse runs a conversation: each step's messages, then the reply.
func converse(t testing.TB, m agent.Model, steps ...[]event.Message) []agent.Reply {
	t.Helper()
	var history []event.Message
	var replies []agent.Reply
	for i, s := range steps {
		history = append(history, s...)
		r, err := ask(t, m, history...)
		if err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
		replies = append(replies, r)
		history = append(history, r.Message)
	}
	return replies
}

func parse(t testing.TB, lines ...string) *Player {
	t.Helper()
	p, err := Parse(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
