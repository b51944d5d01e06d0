package session_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tools"
)

// The whole of a result that was cut outlives its server, and goes with the
// session.
func TestKeptOutput(t *testing.T) {
	whole := strings.Repeat("0123456789\n", 3000)
	huge := tools.New("huge", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) {
		return tools.Result{Text: whole}, nil
	})
	back := tools.New("back", "", func(_ context.Context, env tools.Env, _ struct{}) (tools.Result, error) {
		f, err := env.Kept.Open("o1")
		if err != nil {
			return tools.Result{}, err
		}
		defer func() { _ = f.Close() }()
		text, err := io.ReadAll(f)
		return tools.Text("%v", string(text) == whole), err
	})
	store := agenttest.NewStore(t)
	serve := func(replies ...any) (*session.Manager, *agenttest.ScriptedModel) {
		model := agenttest.Script(replies...)
		s, _ := sessions(t, model, func(o *session.Options) {
			o.Store = store
			o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
				return agenttest.NewAgent(t, model, agent.Options{SessionID: spec.SessionID}, huge, back), nil
			}
		})
		return s, model
	}
	first, model := serve(agenttest.Calling("a", "huge", "{}"), agenttest.Text("long"))
	made, err := first.NewSession(t.Context(), session.NewSessionParams{})
	if err != nil {
		t.Fatal(err)
	}
	step(t, first, made.SessionID, "go")
	got := said(model.Requests()[1])
	if text := got[len(got)-1]; !strings.Contains(text, "\n"+`[… 3000 characters left out: read_file {"path":"output:o1","offset":910}]`+"\n") {
		t.Errorf("%d characters", len(text))
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, model := serve(agenttest.Calling("b", "back", "{}"), agenttest.Calling("c", "huge", "{}"), agenttest.Text("done"))
	if _, _, err := second.Resume(t.Context(), made.SessionID); err != nil {
		t.Fatal(err)
	}
	step(t, second, made.SessionID, "again")
	got = said(model.Requests()[1])
	if got[len(got)-1] != "true" {
		t.Errorf("read back: %q", got[len(got)-1])
	}
	if got = said(model.Requests()[2]); !strings.Contains(got[len(got)-1], "output:o2") {
		t.Error("the ids do not go on")
	}
	if _, err := second.CloseSession(t.Context(), made.SessionID); err != nil {
		t.Fatal(err)
	}
	if err := second.Delete(t.Context(), made.SessionID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(store.Dir(made.SessionID)); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
}
