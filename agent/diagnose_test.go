package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// editor is a client whose language services find an error in each file.
type editor struct {
	agenttest.Recorder
	asked [][]string
}

func (e *editor) Diagnostics(_ context.Context, p event.DiagnosticsParams) []event.Diagnostic {
	e.asked = append(e.asked, p.Paths)
	return []event.Diagnostic{{Path: p.Paths[0], Severity: "error", Message: "wrong"}}
}

// The editor is asked about files that a session's agent writes, but not about
// those of a delegated agent, whose workspace the editor does not see: there, the
// same name is another file.
func TestDelegatedAgentsAreNotDiagnosed(t *testing.T) {
	for task, want := range map[string]int{"": 1, "task_1": 0} {
		client := &editor{}
		a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calls("", agenttest.Call("a", "write_file", map[string]any{"path": "f", "content": "x\n"})), agenttest.Text("Done.")), agent.Options{Client: client, TaskID: task})
		if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
			t.Errorf("%+v", out)
		}
		got := agenttest.Results(a.History())
		if len(client.asked) != want || len(got) != 1 || strings.Contains(got[0], "wrong") != (want == 1) {
			t.Errorf("task %q: asked of %v, result %q", task, client.asked, got)
		}
	}
}
