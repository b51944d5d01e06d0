package agent_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/tools"
)

// newStore is a store of sessions in a directory of the test.
func newStore(t testing.TB) *journal.Store {
	t.Helper()
	return journal.NewStore(filepath.Join(t.TempDir(), "sessions"))
}

// rebuilt is the history that an agent makes of the journal of a session, which
// must not be open.
func rebuilt(t testing.TB, store *journal.Store, id string) []agent.Message {
	t.Helper()
	j, err := store.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	a := newAgent(t, agenttest.Script(), agent.Options{SessionID: id, Journal: j})
	if err := a.Restore(); err != nil {
		t.Fatal(err)
	}
	return a.History()
}

// TestRebuiltHistoryIsTheLiveOne runs every kind of turn, and compares what the
// model got in the end with what another server would send it.
func TestRebuiltHistoryIsTheLiveOne(t *testing.T) {
	broken := func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		emit(agent.Delta{Text: "I beg"})
		return agent.Reply{Message: agent.Message{Content: "I beg"}}, errors.New("the stream broke")
	}
	ask := call("", "ask_user", map[string]any{"prompt": "Which?"})
	two := agenttest.Calls("Both.", agenttest.Call("a", "bash", map[string]any{"cmd": "ok"}), agenttest.Call("a", "echo", `{"text":"<&>\u2028"}`))
	cut := call("", "bash", map[string]any{"cmd": "ok"})
	cut.Finish = agent.FinishLength
	tests := []struct {
		name   string
		script []any
		turns  []agent.Turn
	}{
		{"text", []any{agenttest.Text("Hello.\n\"quoted\" <b>")}, make([]agent.Turn, 1)},
		{"nothing", []any{agenttest.Text("")}, make([]agent.Turn, 1)},
		{"tools without text, ids that repeat", []any{two, bash("", "ok"), bash("", "no such command"), agenttest.Text("Done.")}, make([]agent.Turn, 1)},
		{"malformed arguments and an unknown tool", []any{agenttest.Calls("", agenttest.Call("x", "echo", "{"), agenttest.Call("y", "nothing", "")), agenttest.Text("Done.")}, make([]agent.Turn, 1)},
		{"a question", []any{ask, agenttest.Text("Red.")}, make([]agent.Turn, 2)},
		{"the model fails", []any{errors.New("no"), agenttest.Text("Again.")}, make([]agent.Turn, 2)},
		{"the model fails in the middle of its words", []any{broken, agenttest.Text("Again.")}, make([]agent.Turn, 2)},
		{"a cut reply", []any{cut, agenttest.Text("Done.")}, make([]agent.Turn, 1)},
		{"step limit", []any{bash("", "ok"), agenttest.Text("Done.")}, []agent.Turn{{MaxSteps: 1}, {}}},
		{"budget", []any{bash("", "ok"), agenttest.Text("Done.")}, []agent.Turn{{Tokens: 1}, {}}},
		{"timeout in a command", []any{bash("", "hang"), agenttest.Text("Done.")}, []agent.Turn{{Timeout: 50_000_000}, {}}},
		{"timeout in the model", []any{slow("I th"), slow(""), agenttest.Text("Done.")}, []agent.Turn{{Timeout: 50_000_000}, {Timeout: 50_000_000}, {}}},
		{"repeated failure", []any{bash("", "no"), bash("", "no"), bash("", "no"), bash("", "no"), bash("", "no"), agenttest.Text("Done.")}, make([]agent.Turn, 2)},
		{"stop", []any{agenttest.Calls("", agenttest.Call("s", "stop", "{}"), agenttest.Call("t", "bash", `{"cmd":"ok"}`))}, make([]agent.Turn, 1)},
		{"a tool that panics", []any{call("", "bang", "{}"), agenttest.Text("Oh.")}, make([]agent.Turn, 1)},
	}
	bang := tools.New("bang", "Panics.", func(context.Context, tools.Env, struct{}) (tools.Result, error) { panic("bang") })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			store := newStore(t)
			j, err := store.Create(journal.Header{SessionID: "s_1"})
			if err != nil {
				t.Fatal(err)
			}
			rec := &agenttest.Recorder{}
			a := newAgent(t, agenttest.Script(tt.script...), agent.Options{SessionID: "s_1", Journal: j, Client: rec}, bang)
			for _, turn := range tt.turns {
				a.Run(t.Context(), "go", turn)
			}
			live := a.History()
			checkHistory(t, live)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(live, rebuilt(t, store, "s_1"), cmpEmpty); diff != "" {
				t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
			}
			checkKept(t, store, "s_1", rec.Events())
		})
	}
}

// cmpEmpty takes an empty list of calls for none.
var cmpEmpty = cmpopts.EquateEmpty()

// checkKept fails unless the journal has exactly what the client saw.
func checkKept(t testing.TB, store *journal.Store, id string, events []agent.Event) {
	t.Helper()
	r, err := store.Reader(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	page, err := r.Page(0, journal.Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, l := range page.Lines {
		got = append(got, string(l.Data))
	}
	for _, e := range events {
		if !e.Live() {
			line, err := journal.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, string(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the journal (-sent +kept):\n%s", diff)
	}
}
