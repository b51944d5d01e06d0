package trial

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// editing lists the tools whose arguments are edits. A command that applies a patch is
// one too.
var editing = []string{"edit_file", "apply_patch", "write_file"}

// meter measures what goes to a model and comes from it, and which calls fail.
type meter struct {
	event.Discard
	model agent.Model

	mu     sync.Mutex
	sizes  []int             // of the requests, in bytes
	failed map[string]bool   // calls by id, those that have ended
	calls  []event.ToolCall  // in the order of the replies
	edits  map[string]string // the arguments of the calls that edit, by id
	told   []string          // notices above info
}

func newMeter(m agent.Model) *meter {
	return &meter{model: m, failed: map[string]bool{}, edits: map[string]string{}}
}

// Chat measures a request and its reply.
func (m *meter) Chat(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	raw, err := json.Marshal(struct {
		Messages []event.Message
		Tools    any
	}{req.Messages, req.Tools})
	if err != nil {
		return agent.Reply{}, err
	}
	reply, err := m.model.Chat(ctx, req, emit)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sizes = append(m.sizes, len(raw))
	for _, c := range reply.Message.ToolCalls {
		m.calls = append(m.calls, c)
		if slices.Contains(editing, c.Name) || strings.Contains(c.Arguments, "apply_patch") {
			m.edits[c.ID] = c.Arguments
		}
	}
	return reply, err
}

// Event notes how calls end.
func (m *meter) Event(_ context.Context, e event.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.Kind {
	case event.KindToolFinished:
		m.failed[e.CallID] = e.IsError
	case event.KindNotice:
		if e.Level != event.LevelInfo {
			m.told = append(m.told, e.Text)
		}
	}
}

// measure fills in what was measured.
func (m *meter) measure(r *Report) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.Rounds = len(m.sizes)
	for _, n := range m.sizes {
		r.RequestBytes += n
	}
	if len(m.sizes) > 0 {
		r.FirstRequest = m.sizes[0]
	}
	r.Calls = len(m.calls)
	for _, failed := range m.failed {
		if failed {
			r.ToolErrors++
		}
	}
	for _, arguments := range m.edits {
		r.EditBytes += len(arguments)
	}
}
