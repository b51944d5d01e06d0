package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
)

// editor is a client whose language services find an error in each file.
type editor struct {
	agenttest.Recorder
	asked [][]string
}

func (e *editor) Diagnostics(_ context.Context, p agent.DiagnosticsParams) []agent.Diagnostic {
	e.asked = append(e.asked, p.Paths)
	return []agent.Diagnostic{{Path: p.Paths[0], Severity: "error", Message: "wrong"}}
}

// The editor is asked of what a session's agent writes, but not of what a delegated
// one does, in a workspace that the editor does not see: a file of the same name in
// its own is another one.
func TestDelegatedAgentsAreNotDiagnosed(t *testing.T) {
	for task, want := range map[string]int{"": 1, "task_1": 0} {
		client := &editor{}
		a := newAgent(t, agenttest.Script(agenttest.Calls("", write("a", "f", "x\n")), agenttest.Text("Done.")), agent.Options{Client: client, TaskID: task})
		if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != agent.StatusCompleted {
			t.Errorf("%+v", out)
		}
		got := results(a.History())
		if len(client.asked) != want || len(got) != 1 || strings.Contains(got[0], "wrong") != (want == 1) {
			t.Errorf("task %q: asked of %v, result %q", task, client.asked, got)
		}
	}
}
