package replay

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
)

func system(text string) agent.Message {
	return agent.Message{Role: agent.RoleSystem, Content: text}
}

func user(text string) agent.Message { return agent.Message{Role: agent.RoleUser, Content: text} }

func result(id, text string) agent.Message {
	return agent.Message{Role: agent.RoleTool, ToolCallID: id, Content: text}
}

// ask sends a request and returns the reply, the error and the text deltas.
func ask(t testing.TB, m agent.Model, msgs ...agent.Message) (agent.Reply, error) {
	t.Helper()
	var text strings.Builder
	r, err := m.Chat(t.Context(), agent.Request{Messages: msgs}, func(d agent.Delta) { text.WriteString(d.Text) })
	if text.String() != r.Message.Content {
		t.Errorf("deltas are %q, the reply is %q", text.String(), r.Message.Content)
	}
	return r, err
}

// converse goes through a conversation: each step's messages, then the reply.
func converse(t testing.TB, m agent.Model, steps ...[]agent.Message) []agent.Reply {
	t.Helper()
	var history []agent.Message
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
