package agent_test

import (
	"context"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// Names that models know from other tools are nowhere but in the reply of the
// model: not in events, approvals and rules, and not in the history.
func TestArgumentsAreCanonical(t *testing.T) {
	rec := agenttest.Recorder{Decide: func(context.Context, event.Approval) (event.Decision, error) {
		return event.Decision{Decision: event.DecisionAllowForSession}, nil
	}}
	model := agenttest.Script(
		agenttest.Calling("a", "bash", `{"command":"ok","description":"look","timeout":"30"}`),
		agenttest.Calling("b", "bash", `{"cmd":"ok"}`),
		agenttest.Calling("c", "bash", `{"command":`),
		agenttest.Text("done"))
	a := agenttest.NewAgent(t, model, agent.Options{Client: &rec})
	a.Run(t.Context(), "go", agent.Turn{Mode: event.ModeAsk})
	want := []string{`{"cmd":"ok","timeout":30}`, `{"cmd":"ok"}`, `{"command":`}
	var told, kept []string
	for _, e := range rec.Events(event.KindToolStarted) {
		told = append(told, e.Arguments)
	}
	for _, m := range a.History() {
		for _, c := range m.ToolCalls {
			kept = append(kept, c.Arguments)
		}
	}
	for name, got := range map[string][]string{"events": told, "history": kept} {
		if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Errorf("%s: %q", name, got)
		}
	}
	if asked := rec.Events(event.KindApprovalRequested); len(asked) != 1 || asked[0].Approval.Command != "ok" {
		t.Errorf("asked %d times", len(asked))
	}
}
