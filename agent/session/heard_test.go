package session_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/snapshot"
)

// The model hears that the user has undone its changes, also from the next server.
func TestUndoIsHeard(t *testing.T) {
	for name, reopen := range map[string]bool{"at once": false, "after a resume": true} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			ws, err := runtime.OpenWorkspace(root, runtime.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			undo := snapshot.NewUndo(snapshot.UndoOptions{Dir: filepath.Join(t.TempDir(), "undo")})
			model := agenttest.Script(agenttest.Calls("", write("a", "a.txt", "x\n"), write("b", "b.txt", "y\n")), agenttest.Text("Done."), agenttest.Text("I see."), agenttest.Text("Yes."))
			s, _ := sessions(t, model, func(o *session.Options) {
				o.Undo, o.Store = undo, agenttest.NewStore(t)
				o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
					rt := runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{})
					return agent.New(model, agenttest.Registry(t), rt, agent.Options{SessionID: spec.SessionID, Undo: undo, Permissions: agenttest.Anything}), nil
				}
			})
			step := func(prompt, id string) session.StepResult {
				t.Helper()
				res, err := s.Step(t.Context(), session.StepParams{SessionID: id, Prompt: prompt})
				if err != nil || res.Status != event.StatusCompleted {
					t.Fatal(res, err)
				}
				return res
			}
			first := step("write", "")
			if res, err := s.RevertFiles(t.Context(), session.RevertParams{SessionID: first.SessionID, TurnID: first.TurnID, Paths: []string{"a.txt"}}); err != nil || len(res.Applied) != 1 {
				t.Fatal(res, err)
			}
			if reopen {
				if ws, err = runtime.OpenWorkspace(root, runtime.OpenOptions{}); err != nil {
					t.Fatal(err)
				}
				closeSession(t, s, first.SessionID)
				resume(t, s, first.SessionID)
			}
			step("and?", first.SessionID)
			step("sure?", first.SessionID)
			var said []string
			for _, m := range model.Requests()[3].Messages {
				if m.Role == event.RoleUser {
					said = append(said, m.Content)
				}
			}
			if diff := cmp.Diff([]string{"write", "and?\n\n[the user has undone changes since your last turn: a.txt]", "sure?"}, said); diff != "" {
				t.Errorf("the model reads (-want +got):\n%s", diff)
			}
		})
	}
}

// A tool that writes a file as it was has changed nothing.
func TestSameContentIsNoChange(t *testing.T) {
	a, rec := undoAgent(t, nil, snapshot.NewUndo(snapshot.UndoOptions{}),
		agenttest.Calls("", write("a", "f", "x\n")), agenttest.Text("Done."), agenttest.Calls("", write("b", "f", "x\n"), write("c", "g", "x\n")), agenttest.Text("Done."))
	a.Run(t.Context(), "go", agent.Turn{})
	out := a.Run(t.Context(), "again", agent.Turn{})
	if diff := cmp.Diff([]runtime.Change{{Path: "g", Change: runtime.ChangeAdded, Added: 1}}, out.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"added f", "added g"}, told(rec)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
