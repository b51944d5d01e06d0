package session_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/tools"
)

// rebuilt returns the history that an agent restores from the journal of a
// session, which must not be open.
func rebuilt(t testing.TB, store *journal.Store, id string) []event.Message {
	t.Helper()
	j, err := store.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	a := agenttest.NewAgent(t, agenttest.Script(), agent.Options{SessionID: id, Journal: j})
	if err := a.Restore(); err != nil {
		t.Fatal(err)
	}
	return a.History()
}

// TestRebuiltHistoryIsTheLiveOne runs every kind of turn, and compares the last
// request to the model with the one of another server.
func TestRebuiltHistoryIsTheLiveOne(t *testing.T) {
	broken := func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		emit(agent.Delta{Text: "I beg"})
		return agent.Reply{Message: event.Message{Content: "I beg"}}, errors.New("the stream broke")
	}
	ask := agenttest.Calling("", "ask_user", map[string]any{"prompt": "Which?"})
	two := agenttest.Calls("Both.", agenttest.Call("a", "bash", map[string]any{"cmd": "ok"}), agenttest.Call("a", "echo", `{"text":"<&>\u2028"}`))
	cut := agenttest.Calling("", "bash", map[string]any{"cmd": "ok"})
	cut.Finish = agent.FinishLength
	tests := []struct {
		name   string
		script []any
		turns  []agent.Turn
	}{
		{"text", []any{agenttest.Text("Hello.\n\"quoted\" <b>")}, make([]agent.Turn, 1)},
		{"nothing", []any{agenttest.Text("")}, make([]agent.Turn, 1)},
		{"tools without text, ids that repeat", []any{two, agenttest.Bash("", "ok"), agenttest.Bash("", "no such command"), agenttest.Text("Done.")}, make([]agent.Turn, 1)},
		{"malformed arguments and an unknown tool", []any{agenttest.Calls("", agenttest.Call("x", "echo", "{"), agenttest.Call("y", "nothing", "")), agenttest.Text("Done.")}, make([]agent.Turn, 1)},
		{"a question", []any{ask, agenttest.Text("Red.")}, make([]agent.Turn, 2)},
		{"the model fails", []any{errors.New("no"), agenttest.Text("Again.")}, make([]agent.Turn, 2)},
		{"the model fails in the middle of its words", []any{broken, agenttest.Text("Again.")}, make([]agent.Turn, 2)},
		{"a cut reply", []any{cut, agenttest.Text("Done.")}, make([]agent.Turn, 1)},
		{"step limit", []any{agenttest.Bash("", "ok"), agenttest.Text("Done.")}, []agent.Turn{{MaxSteps: 1}, {}}},
		{"budget", []any{agenttest.Bash("", "ok"), agenttest.Text("Done.")}, []agent.Turn{{Limits: event.Limits{Tokens: 1}}, {}}},
		{"timeout in a command", []any{agenttest.Bash("", "hang"), agenttest.Text("Done.")}, []agent.Turn{{Limits: event.Limits{TimeoutSeconds: 0.05}}, {}}},
		{"timeout in the model", []any{agenttest.Slow("I th"), agenttest.Slow(""), agenttest.Text("Done.")}, []agent.Turn{{Limits: event.Limits{TimeoutSeconds: 0.05}}, {Limits: event.Limits{TimeoutSeconds: 0.05}}, {}}},
		{"repeated failure", []any{agenttest.Bash("", "no"), agenttest.Bash("", "no"), agenttest.Bash("", "no"), agenttest.Bash("", "no"), agenttest.Bash("", "no"), agenttest.Text("Done.")}, make([]agent.Turn, 2)},
		{"stop", []any{agenttest.Calls("", agenttest.Call("s", "stop", "{}"), agenttest.Call("t", "bash", `{"cmd":"ok"}`))}, make([]agent.Turn, 1)},
		{"a tool that panics", []any{agenttest.Calling("", "bang", "{}"), agenttest.Text("Oh.")}, make([]agent.Turn, 1)},
	}
	bang := tools.New("bang", "Panics.", func(context.Context, tools.Env, struct{}) (tools.Result, error) { panic("bang") })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			store := agenttest.NewStore(t)
			j, err := store.Create(journal.Header{SessionID: "s_1"})
			if err != nil {
				t.Fatal(err)
			}
			rec := &agenttest.Recorder{}
			a := agenttest.NewAgent(t, agenttest.Script(tt.script...), agent.Options{SessionID: "s_1", Journal: j, Client: rec}, bang)
			for _, turn := range tt.turns {
				a.Run(t.Context(), "go", turn)
			}
			live := a.History()
			agenttest.CheckHistory(t, live)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(live, rebuilt(t, store, "s_1"), agenttest.CmpEmpty); diff != "" {
				t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
			}
			agenttest.CheckKept(t, store, "s_1", rec.Events())
		})
	}
}
