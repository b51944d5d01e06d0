package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/journal"
)

// steered serves a session in store whose first reply waits for the user, says
// something to that turn meanwhile and returns the journal as it was then.
func steered(t *testing.T, store *journal.Store, say agent.StepParams) (id string) {
	t.Helper()
	asked, decided := make(chan string, 1), make(chan struct{})
	rec := &agenttest.Recorder{Decide: func(_ context.Context, a agent.Approval) (agent.Decision, error) {
		asked <- a.SessionID
		<-decided
		return agent.Decision{Decision: agent.DecisionDeny}, nil
	}}
	s := askingSessions(t, store, agenttest.Script(bash("a", "ok"), agenttest.Text("Well.")), rec)
	if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "go", Wait: dontWait}); err != nil {
		t.Fatal(err)
	}
	id = <-asked
	say.SessionID, say.IfBusy = id, "steer"
	if res, err := s.Step(t.Context(), say); err != nil || res.Status != agent.StatusSteered {
		t.Fatalf("%+v, %v", res, err)
	}
	file := filepath.Join(store.Dir(id), "journal.jsonl")
	cut, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	close(decided)
	rec.WaitKind(t, agent.KindTurnFinished)
	if _, err := s.CloseSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, cut, 0o600); err != nil {
		t.Fatal(err)
	}
	return id
}

// askingSessions keeps its sessions in store and asks before everything.
func askingSessions(t *testing.T, store *journal.Store, model agent.Model, rec *agenttest.Recorder) *agent.Sessions {
	t.Helper()
	s, _ := sessions(t, model, func(o *agent.SessionsOptions) {
		broker := &agent.Broker{}
		o.Store, o.Broker = store, broker
		o.New = func(_ context.Context, spec agent.Spec) (*agent.Agent, error) {
			return agent.New(model, registry(t), newRuntime(t), agent.Options{SessionID: spec.SessionID, Client: rec, Broker: broker, Permissions: asks}), nil
		}
	})
	return s
}

// What was said to a turn whose server was killed is heard: by that turn when its
// approval is answered, else by the next one, before its own prompt, once.
func TestSteeredPromptOutlivesItsServer(t *testing.T) {
	for _, tt := range []struct {
		name string
		on   func(t *testing.T, s *agent.Sessions, id string)
		want []string
	}{
		{"answered", func(t *testing.T, s *agent.Sessions, _ string) {
			key := pending(t, s)[0].RequestKey
			if _, err := s.Respond(t.Context(), agent.RespondParams{RequestKey: key, Response: agent.Response{Decision: agent.DecisionAllow}}); err != nil {
				t.Fatal(err)
			}
		}, []string{"go", "", "$ ok\nfine\n", "with tests"}},
		{"another turn", func(t *testing.T, s *agent.Sessions, id string) {
			if _, err := s.Step(t.Context(), agent.StepParams{SessionID: id, Prompt: "next"}); err != nil {
				t.Fatal(err)
			}
		}, []string{
			"go", "", "[error] not run: the server ended while the user was asked", "[the server ended]",
			"with tests", "next",
		}},
		{"rewound", func(t *testing.T, s *agent.Sessions, id string) {
			page, err := s.SessionEvents(t.Context(), agent.SessionEventsParams{SessionID: id})
			if err != nil {
				t.Fatal(err)
			}
			no := false
			if _, err := s.RewindSession(t.Context(), agent.RewindParams{SessionID: id, TurnID: page.Events[0].TurnID, Files: &no}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Step(t.Context(), agent.StepParams{SessionID: id, Prompt: "next"}); err != nil {
				t.Fatal(err)
			}
		}, []string{"next"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := newStore(t)
			id := steered(t, store, agent.StepParams{Prompt: "with tests"})
			model, rec := agenttest.Script(agenttest.Text("Done."), agenttest.Text("Again.")), &agenttest.Recorder{}
			s := askingSessions(t, store, model, rec)
			if _, err := s.ResumeSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
				t.Fatal(err)
			}
			tt.on(t, s, id)
			rec.WaitKind(t, agent.KindTurnFinished)
			if diff := cmp.Diff(tt.want, said(model.Requests()[0])); diff != "" {
				t.Errorf("heard (-want +got):\n%s", diff)
			}
			again(t, s, id)
			want := append(tt.want, "Done.", "again")
			if diff := cmp.Diff(want, said(model.Requests()[1])); diff != "" {
				t.Errorf("rebuilt (-want +got):\n%s", diff)
			}
		})
	}
}

// The files that a steered prompt names are not written from its answer on: not by
// the call that the user is being asked about either. What it does not name any
// more is free again.
func TestDirtyFilesOfSteeredPrompts(t *testing.T) {
	type writes = map[string]any
	script := []any{
		agenttest.Calls("", agenttest.Call("a", "write_file", writes{"path": "one", "content": "1"}), agenttest.Call("b", "write_file", writes{"path": "two", "content": "2"})),
		agenttest.Text("Done."),
	}
	for _, tt := range []struct {
		name    string
		early   bool // it is said before the model answers, else at each approval
		own     []string
		steered []string
		refused string // the calls
	}{
		{"of its own", false, []string{"one"}, nil, "a"},
		{"of the steered one", false, nil, []string{"one", "two"}, "ab"},
		{"of the last", true, []string{"one"}, []string{"two"}, "b"},
		{"saved", true, []string{"two"}, []string{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model, rec := agenttest.Script(script...), &agenttest.Recorder{}
			var s *agent.Sessions
			steer := func(ctx context.Context, id string) {
				res, err := s.Step(ctx, agent.StepParams{SessionID: id, Prompt: "and", DirtyFiles: tt.steered, IfBusy: "steer"})
				if err != nil || res.Status != agent.StatusSteered {
					t.Errorf("%+v, %v", res, err)
				}
			}
			rec.Decide = func(ctx context.Context, a agent.Approval) (agent.Decision, error) {
				if !tt.early {
					steer(ctx, a.SessionID)
				}
				return allowAll(ctx, a)
			}
			s = askingSessions(t, newStore(t), agenttest.Func(func(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
				if tt.early && len(req.Messages) == 2 {
					steer(ctx, "")
				}
				return model.Chat(ctx, req, emit)
			}), rec)
			if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "go", DirtyFiles: tt.own}); err != nil {
				t.Fatal(err)
			}
			refused := ""
			for _, e := range rec.Events(agent.KindToolFinished) {
				if strings.Contains(e.Text, "in the user's editor") {
					refused += e.CallID
				}
			}
			if refused != tt.refused {
				t.Errorf("refused %q, want %q", refused, tt.refused)
			}
		})
	}
}
