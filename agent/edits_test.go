package agent_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// patchByBash is a command that is done as apply_patch would.
const patchByBash = "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a\n@@\n-1\n+one\n*** End Patch\nEOF"

// TestAPatchByBashIsAnEdit: the mode, the dirty files and the approval are those of
// an edit.
func TestAPatchByBashIsAnEdit(t *testing.T) {
	for name, tt := range map[string]struct {
		mode  event.Mode
		dirty []string
		want  string // in the result
		asks  bool
	}{
		"auto":  {event.ModeAuto, nil, "Edited a (+1 -1)", false},
		"plan":  {event.ModePlan, nil, "mode plan changes no files", false},
		"ask":   {event.ModeAsk, nil, "Edited a (+1 -1)", true},
		"dirty": {event.ModeAuto, []string{"a"}, "changes in the user's editor", false},
	} {
		t.Run(name, func(t *testing.T) {
			rec := agenttest.Deciding(event.Decision{Decision: event.DecisionAllow})
			a := agenttest.NewAgent(t, agenttest.Script(
				agenttest.Bash("p", patchByBash), agenttest.Calling("r", "read_file", map[string]any{"path": "a"}), agenttest.Text("done"),
			), agent.Options{Client: rec, Permissions: approval.Permissions{Mode: tt.mode}}, tools.ReadFile())
			if _, err := a.Runtime().Workspace().WriteFile("a", []byte("1\n")); err != nil {
				t.Fatal(err)
			}
			a.Run(t.Context(), "go", agent.Turn{Dirty: tt.dirty})
			results := agenttest.Results(a.History())
			if len(results) != 2 || !strings.Contains(results[0], tt.want) || !strings.Contains(results[1], "     1\t") {
				t.Errorf("%q", results)
			}
			asked := rec.Approvals()
			if (len(asked) == 1) != tt.asks {
				t.Fatalf("%+v", asked)
			}
			if tt.asks && (asked[0].Kind != "edit" || asked[0].Command != "" || len(asked[0].Changes) != 1 || !strings.Contains(asked[0].Changes[0].Patch, "-1\n+one\n")) {
				t.Errorf("%+v", asked[0])
			}
		})
	}
}
