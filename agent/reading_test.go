package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestReadingCommandsInView: in mode ask a command that only reads runs in the
// read-only view and does not ask. One that tries to write there asks, and runs
// again.
func TestReadingCommandsInView(t *testing.T) {
	const writes = "sed -n 'w out' a"
	for name, tt := range map[string]struct {
		mode   event.Mode
		cmd    string
		decide []event.Decision
		want   string
		asked  int
	}{
		"reads":           {event.ModeAsk, "ls", nil, "in the view", 0},
		"others ask":      {event.ModeAsk, "make", []event.Decision{{Decision: event.DecisionAllow}}, "made", 1},
		"fails otherwise": {event.ModeAsk, "cat none", nil, "No such file", 0},
		"writes":          {event.ModeAsk, writes, []event.Decision{{Decision: event.DecisionAllow}}, "written", 1},
		"may not write":   {event.ModeAsk, writes, []event.Decision{{Decision: event.DecisionDeny, Feedback: "no"}}, "denied: no", 1},
		"plan":            {event.ModePlan, writes, nil, "Read-only file system", 0},
		"auto":            {event.ModeAuto, "ls", nil, "for real", 0},
	} {
		t.Run(name, func(t *testing.T) {
			ws, err := runtime.TempWorkspace()
			if err != nil {
				t.Fatal(err)
			}
			view := runtimetest.NewFake(map[string]runtimetest.Script{
				"ls": {Output: "in the view"}, "cat none": {Output: "cat: none: No such file or directory", Exit: runtime.Exit{Code: 1}},
				writes: {Output: "sed: couldn't open file out: Read-only file system", Exit: runtime.Exit{Code: 4}},
			}, nil)
			rt := runtime.New(ws, runtimetest.NewFake(map[string]runtimetest.Script{
				"ls": {Output: "for real"}, "make": {Output: "made"}, writes: {Output: "written"},
			}, nil), runtime.Options{View: view})
			rec := agenttest.Deciding(tt.decide...)
			a := agent.New(agenttest.Script(agenttest.Bash("a", tt.cmd), agenttest.Text("Done.")), agenttest.Registry(t), rt, agent.Options{
				Client: rec, Permissions: approval.Permissions{Mode: tt.mode, Unconfined: true},
			})
			t.Cleanup(func() { _ = a.Close(context.Background()) })
			a.Run(t.Context(), "go", agent.Turn{})
			if got := agenttest.Results(a.History()); len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			asked := rec.Approvals()
			if len(asked) != tt.asked {
				t.Errorf("asked %d times, want %d", len(asked), tt.asked)
			}
			if len(asked) > 0 && tt.cmd == writes && !strings.Contains(asked[0].Title, "read-only view") {
				t.Errorf("the title does not say why: %q", asked[0].Title)
			}
			agenttest.CheckHistory(t, a.History())
			agenttest.CheckEvents(t, rec.Events())
		})
	}
}
