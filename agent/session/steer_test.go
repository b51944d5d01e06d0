package session_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
)

// steered runs a session in store whose first reply waits for the user, steers
// that turn meanwhile and returns the journal as it was then.
func steered(t *testing.T, store *journal.Store, say session.StepParams) (id string) {
	t.Helper()
	asked, decided := make(chan string, 1), make(chan struct{})
	rec := &agenttest.Recorder{Decide: func(_ context.Context, a event.Approval) (event.Decision, error) {
		asked <- a.SessionID
		<-decided
		return event.Decision{Decision: event.DecisionDeny}, nil
	}}
	s := askingSessions(t, store, agenttest.Script(agenttest.Bash("a", "ok"), agenttest.Text("Well.")), rec)
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "go", Wait: dontWait}); err != nil {
		t.Fatal(err)
	}
	id = <-asked
	say.SessionID, say.IfBusy = id, "steer"
	if res, err := s.Step(t.Context(), say); err != nil || res.Status != event.StatusSteered {
		t.Fatalf("%+v, %v", res, err)
	}
	file := filepath.Join(store.Dir(id), "journal.jsonl")
	cut, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	close(decided)
	rec.WaitKind(t, event.KindTurnFinished)
	if _, err := s.CloseSession(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, cut, 0o600); err != nil {
		t.Fatal(err)
	}
	return id
}

// askingSessions makes sessions in store that ask before everything.
func askingSessions(t *testing.T, store *journal.Store, model agent.Model, rec *agenttest.Recorder) *session.Manager {
	t.Helper()
	s, _ := sessions(t, model, func(o *session.Options) {
		broker := &approval.Broker{}
		o.Store, o.Broker = store, broker
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agent.New(model, agenttest.Registry(t), agenttest.NewRuntime(t), agent.Options{SessionID: spec.SessionID, Client: rec, Broker: broker, Permissions: agenttest.Asks}), nil
		}
	})
	return s
}

// A steered prompt survives its killed server: the model gets it once, in that
// turn when its approval is answered, else in the next turn before its own
// prompt.
func TestSteeredPromptOutlivesItsServer(t *testing.T) {
	for _, tt := range []struct {
		name string
		on   func(t *testing.T, s *session.Manager, id string)
		want []string
	}{
		{"answered", func(t *testing.T, s *session.Manager, _ string) {
			key := pending(t, s)[0].RequestKey
			if _, err := s.Respond(t.Context(), session.RespondParams{RequestKey: key, Response: approval.Response{Decision: event.DecisionAllow}}); err != nil {
				t.Fatal(err)
			}
		}, []string{"go", "", "$ ok\nfine\n", "with tests"}},
		{"another turn", func(t *testing.T, s *session.Manager, id string) {
			if _, err := s.Step(t.Context(), session.StepParams{SessionID: id, Prompt: "next"}); err != nil {
				t.Fatal(err)
			}
		}, []string{
			"go", "", "[error] not run: the server ended while the user was asked", "[the server ended]",
			"with tests", "next",
		}},
		{"rewound", func(t *testing.T, s *session.Manager, id string) {
			page, err := s.SessionEvents(t.Context(), session.SessionEventsParams{SessionID: id})
			if err != nil {
				t.Fatal(err)
			}
			no := false
			if _, err := s.RewindSession(t.Context(), session.RewindParams{SessionID: id, TurnID: page.Events[0].TurnID, Files: &no}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Step(t.Context(), session.StepParams{SessionID: id, Prompt: "next"}); err != nil {
				t.Fatal(err)
			}
		}, []string{"next"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := agenttest.NewStore(t)
			id := steered(t, store, session.StepParams{Prompt: "with tests"})
			model, rec := agenttest.Script(agenttest.Text("Done."), agenttest.Text("Again.")), &agenttest.Recorder{}
			s := askingSessions(t, store, model, rec)
			if _, _, err := s.Resume(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			tt.on(t, s, id)
			rec.WaitKind(t, event.KindTurnFinished)
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

// From its answer on, the files that a steered prompt names are not written, not
// even by the call that the user is being asked about. Files that the next prompt
// does not name can be written again.
func TestDirtyFilesOfSteeredPrompts(t *testing.T) {
	type writes = map[string]any
	script := []any{
		agenttest.Calls("", agenttest.Call("a", "write_file", writes{"path": "one", "content": "1"}), agenttest.Call("b", "write_file", writes{"path": "two", "content": "2"})),
		agenttest.Text("Done."),
	}
	for _, tt := range []struct {
		name    string
		early   bool // the prompt comes before the model answers, else at each approval
		own     []string
		steered []string
		refused string // the refused calls
	}{
		{"of its own", false, []string{"one"}, nil, "a"},
		{"of the steered one", false, nil, []string{"one", "two"}, "ab"},
		{"of the last", true, []string{"one"}, []string{"two"}, "b"},
		{"saved", true, []string{"two"}, []string{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model, rec := agenttest.Script(script...), &agenttest.Recorder{}
			var s *session.Manager
			steer := func(ctx context.Context, id string) {
				res, err := s.Step(ctx, session.StepParams{SessionID: id, Prompt: "and", DirtyFiles: tt.steered, IfBusy: "steer"})
				if err != nil || res.Status != event.StatusSteered {
					t.Errorf("%+v, %v", res, err)
				}
			}
			rec.Decide = func(ctx context.Context, a event.Approval) (event.Decision, error) {
				if !tt.early {
					steer(ctx, a.SessionID)
				}
				return allowAll(ctx, a)
			}
			s = askingSessions(t, agenttest.NewStore(t), agenttest.Func(func(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
				if tt.early && len(req.Messages) == 2 {
					steer(ctx, "")
				}
				return model.Chat(ctx, req, emit)
			}), rec)
			if _, err := s.Step(t.Context(), session.StepParams{Prompt: "go", DirtyFiles: tt.own}); err != nil {
				t.Fatal(err)
			}
			refused := ""
			for _, e := range rec.Events(event.KindToolFinished) {
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
