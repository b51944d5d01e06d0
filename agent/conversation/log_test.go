package conversation_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// client keeps what it gets, as JSON.
type client struct {
	event.Discard
	t     *testing.T
	lines []string
}

func (c *client) Event(_ context.Context, e event.Event) {
	line, err := json.Marshal(e)
	if err != nil {
		c.t.Error(err)
	}
	c.lines = append(c.lines, string(line))
}

// Fields for the journal alone go neither to the client nor to readers of the
// events.
func TestJournalOnlyFieldsStayInTheJournal(t *testing.T) {
	store := journal.NewStore(t.TempDir())
	j, err := store.Create(journal.Header{SessionID: "s_1"})
	if err != nil {
		t.Fatal(err)
	}
	sees := &client{t: t}
	log := conversation.NewLog("s_1", "", sees, conversation.New("", conversation.Settings{}, nil))
	log.Attach(j)
	secret := event.Message{Role: event.RoleAssistant, ToolCalls: []event.ToolCall{{ID: "a", Arguments: "only in the journal"}}}
	if err := log.Send(t.Context(), event.Record{Event: event.Event{Kind: event.KindMessage, Role: event.RoleAssistant}, Reply: &secret}); err != nil {
		t.Fatal(err)
	}
	page, err := j.Page(0, journal.Bounds{})
	if err != nil || len(page.Lines) != 1 || !strings.Contains(string(page.Lines[0].Data), secret.ToolCalls[0].Arguments) {
		t.Fatalf("kept: %+v, %v", page.Lines, err)
	}
	back, ok := conversation.Decode("s_1", page.Lines[0])
	text, err := json.Marshal(back)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, wire := range append(sees.lines, string(text)) {
		if strings.Contains(wire, "only in") || strings.Contains(wire, `"reply"`) {
			t.Errorf("on the wire: %s", wire)
		}
	}
	if got := log.State().LastReply(); len(got.ToolCalls) != 1 {
		t.Errorf("the conversation lacks it: %+v", got)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
