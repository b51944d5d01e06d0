package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// TestAFileThatChangedIsNotWritten: what the model has seen holds from one turn to
// the next, and a change in between is shown to it.
func TestAFileThatChangedIsNotWritten(t *testing.T) {
	type none struct{}
	meddle := tools.New("meddle", "", func(_ context.Context, env tools.Env, _ none) (tools.Result, error) {
		_, err := env.Runtime.Workspace().WriteFile("a", []byte("1\n2\nmine\n"))
		return tools.Text("done"), err
	})
	edit := agenttest.Calling("e", "edit_file", map[string]any{"path": "a", "old_string": "2\n", "new_string": "two\n"})
	rec := &agenttest.Recorder{}
	a := agenttest.NewAgent(t, agenttest.Script(
		agenttest.Calling("w", "write_file", map[string]any{"path": "a", "content": "1\n2\n"}), agenttest.Text("written"),
		agenttest.Calling("m", "meddle", map[string]any{}), edit, agenttest.Text("seen"),
	), agent.Options{Client: rec}, meddle, tools.EditFile())
	for range 2 {
		if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
			t.Fatalf("%+v", out)
		}
	}
	h := a.History()
	last := h[len(h)-2].Content
	if !strings.Contains(last, "has changed on disk") || !strings.Contains(last, "+mine") {
		t.Errorf("%q", last)
	}
	if data, err := a.Runtime().Workspace().ReadFile("a", 100); err != nil || string(data) != "1\n2\nmine\n" {
		t.Errorf("%q, %v", data, err)
	}
}
