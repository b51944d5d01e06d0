package session_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/snapshot"
)

// killedServer describes a server that is killed while it asks. The zero value
// has a workspace for each server and mode ask.
type killedServer struct {
	steps []session.StepParams // the last one asks; none: one that says "go"
	mode  event.Mode           // of the session
	root  string               // of all servers, with an undo
	spoil func([]byte) []byte

	store *journal.Store
}

// killed makes a session whose server was killed while it asked, and resumes it
// from the journal of that moment.
func killed(t *testing.T, reply agent.Reply, model agent.Model) (s *session.Manager, rec *agenttest.Recorder, id string) {
	t.Helper()
	return (&killedServer{}).of(t, agenttest.Script(reply), model)
}

// of kills the server with the model before, and resumes its session in one with
// the model after.
func (d *killedServer) of(t *testing.T, before, after agent.Model) (s *session.Manager, rec *agenttest.Recorder, id string) {
	t.Helper()
	d.store = agenttest.NewStore(t)
	cut := make(chan []byte, 1)
	ctx, cancel := context.WithCancel(t.Context())
	first := &agenttest.Recorder{}
	first.Decide = func(_ context.Context, a event.Approval) (event.Decision, error) {
		text, err := os.ReadFile(filepath.Join(d.store.Dir(a.SessionID), "journal.jsonl"))
		cut <- text
		cancel()
		return event.Decision{}, errors.Join(err, context.Canceled)
	}
	server := d.server(t, before, first)
	if d.steps == nil {
		d.steps = []session.StepParams{{Prompt: "go"}}
	}
	for _, step := range d.steps {
		step.SessionID = id
		res, err := server.Step(ctx, step)
		if err != nil {
			t.Fatal(err)
		}
		id = res.SessionID
	}
	closeSession(t, server, id)
	text := <-cut
	if d.spoil != nil {
		text = d.spoil(text)
	}
	if err := os.WriteFile(filepath.Join(d.store.Dir(id), "journal.jsonl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	rec = &agenttest.Recorder{}
	s = d.server(t, after, rec)
	resume(t, s, id)
	return s, rec, id
}

func (d *killedServer) server(t *testing.T, model agent.Model, rec *agenttest.Recorder) *session.Manager {
	t.Helper()
	s, _ := sessions(t, model, func(o *session.Options) {
		broker := &approval.Broker{}
		o.Store, o.Broker = d.store, broker
		if d.root != "" {
			o.Undo = snapshot.NewUndo(snapshot.UndoOptions{Dir: filepath.Join(d.root, "..", "undo")})
		}
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			rt, err := d.runtime(t)
			perms := approval.Permissions{Mode: d.mode, Unconfined: true}
			if d.mode == "" {
				perms = agenttest.Asks
			}
			return agent.New(model, agenttest.Registry(t, mess()), rt, agent.Options{SessionID: spec.SessionID, Client: rec, Broker: broker, Permissions: perms, Undo: o.Undo}), err
		}
	})
	return s
}

func (d *killedServer) runtime(t *testing.T) (*runtime.Runtime, error) {
	if d.root == "" {
		return agenttest.NewRuntime(t), nil
	}
	ws, err := runtime.OpenWorkspace(d.root, runtime.OpenOptions{})
	return runtime.New(ws, runtimetest.NewFake(map[string]runtimetest.Script{"ok": {Output: "fine\n"}}, nil), runtime.Options{}), err
}

func resume(t *testing.T, s *session.Manager, id string) {
	t.Helper()
	if _, _, err := s.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func closeSession(t *testing.T, s *session.Manager, id string) {
	t.Helper()
	if _, err := s.CloseSession(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

// respond answers the one open approval.
func respond(t *testing.T, s *session.Manager, decision event.Choice) {
	t.Helper()
	list := pending(t, s)
	if len(list) != 1 {
		t.Fatalf("pending: %+v", list)
	}
	if _, err := s.Respond(t.Context(), session.RespondParams{RequestKey: list[0].RequestKey, Response: approval.Response{Decision: decision}}); err != nil {
		t.Fatal(err)
	}
}

func pending(t *testing.T, s *session.Manager) []approval.PendingRequest {
	t.Helper()
	res, err := s.PendingRequests(t.Context(), session.PendingRequestsParams{})
	if err != nil {
		t.Fatal(err)
	}
	return res.Requests
}

// The bounds of a step apply when its turn continues in another server, and what
// it had used counts.
func TestBoundsOutliveTheServer(t *testing.T) {
	second := agenttest.Call("b", "write_file", map[string]any{"path": "dirty", "content": "x\n"})
	for _, tt := range []struct {
		name      string
		mode      event.Mode
		step      session.StepParams
		configure event.Mode // the session's mode, before the user answers
		model     []any
		status    event.Status
		steps     int
		asked     int    // after the answer
		result    string // of the second call
	}{
		{"none", event.ModeAsk, session.StepParams{}, "", []any{agenttest.Text("Done.")}, event.StatusCompleted, 2, 1, "Wrote dirty"},
		{"mode ask", event.ModeAuto, session.StepParams{Mode: event.ModeAsk}, "", []any{agenttest.Text("Done.")}, event.StatusCompleted, 2, 1, "Wrote dirty"},
		{
			"mode ask, and plan since", event.ModeAuto,
			session.StepParams{Mode: event.ModeAsk},
			event.ModePlan,
			[]any{agenttest.Text("Done.")},
			event.StatusCompleted, 2, 0, "[error] not run: mode plan changes no files; say what you would change",
		},
		{"steps", event.ModeAsk, session.StepParams{MaxSteps: 1}, "", nil, event.StatusStepLimit, 1, 1, "Wrote dirty"},
		{"more steps", event.ModeAsk, session.StepParams{MaxSteps: 2}, "", []any{agenttest.Bash("c", "ok")}, event.StatusStepLimit, 2, 2, "Wrote dirty"},
		{"tokens", event.ModeAsk, session.StepParams{Limits: &event.Limits{Tokens: 15}}, "", nil, event.StatusBudget, 1, 1, "Wrote dirty"},
		{"time", event.ModeAsk, session.StepParams{Limits: &event.Limits{TimeoutSeconds: 2}}, "", []any{agenttest.Slow("")}, event.StatusTimeout, 2, 1, "Wrote dirty"},
		{
			"dirty files", event.ModeAsk,
			session.StepParams{DirtyFiles: []string{"dirty"}},
			"",
			[]any{agenttest.Text("Done.")},
			event.StatusCompleted, 2, 0,
			`[error] not run: conflict: "dirty" has changes in the user's editor that are not saved; ask the user to save or drop them`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.step.Prompt = "go"
			d := &killedServer{mode: tt.mode, steps: []session.StepParams{tt.step}}
			s, rec, id := d.of(t, agenttest.Script(both(second)), agenttest.Script(tt.model...))
			rec.Decide = allowAll
			if tt.configure != "" {
				if _, err := s.ConfigureSession(t.Context(), session.ConfigureParams{SessionID: id, Mode: tt.configure}); err != nil {
					t.Fatal(err)
				}
			}
			respond(t, s, event.DecisionAllow)
			end := rec.WaitKind(t, event.KindTurnFinished)
			if end.Status != tt.status || end.Steps != tt.steps || len(rec.Approvals()) != tt.asked {
				t.Errorf("%s after %d steps, asked %d times", end.Status, end.Steps, len(rec.Approvals()))
			}
			if used := end.Usage.InputTokens + end.Usage.OutputTokens; tt.status != event.StatusTimeout && used != int64(15*tt.steps) {
				t.Errorf("%d tokens", used)
			}
			if got := rec.Events(event.KindToolFinished)[1].Text; got != tt.result {
				t.Errorf("the second call: %q", got)
			}
		})
	}
}

// A revert of files does not change a turn with an open approval: it can be
// answered, in this server or the next, and its calls have one result each.
func TestRevertWithAnOpenApproval(t *testing.T) {
	for _, name := range []string{"answered", "answered later", "something else", "rewound"} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "ws")
			if err := os.Mkdir(root, 0o755); err != nil {
				t.Fatal(err)
			}
			d := &killedServer{root: root, steps: []session.StepParams{{Prompt: "write", Mode: event.ModeAuto}, {Prompt: "go"}}}
			model := agenttest.Script(agenttest.Text("Done."), agenttest.Text("Again."))
			s, rec, id := d.of(t, agenttest.Script(agenttest.Calls("", write("w", "f", "1\n")), agenttest.Text("Written."), both(agenttest.Call("b", "echo", `{"text":"x"}`))), model)
			rec.Decide = allowAll
			if name == "rewound" { // with the conversation at hand; a step that is refused needs it
				if _, err := s.Step(t.Context(), session.StepParams{Prompt: "look", SessionID: id, Context: []session.ContextItem{{Path: "none"}}}); !errors.Is(err, runtime.ErrNotFound) {
					t.Fatal(err)
				}
			}
			reverted, err := s.RevertFiles(t.Context(), session.RevertParams{SessionID: id})
			if err != nil || len(reverted.Applied) != 1 {
				t.Fatalf("%+v, %v", reverted, err)
			}
			want := []string{"toolFinished a: $ ok\nfine\n", "toolStarted b", "toolFinished b: x"}
			instead := []string{
				"toolFinished a: [error] not run: the server ended while the user was asked",
				"toolStarted b", "toolFinished b: [error] not run: the server ended before",
			}
			switch name {
			case "answered later":
				closeSession(t, s, id)
				s = d.server(t, model, rec)
				resume(t, s, id)
				fallthrough
			case "answered":
				respond(t, s, event.DecisionAllow)
				rec.WaitKind(t, event.KindTurnFinished)
			case "something else":
				want = instead
				if _, err := s.Step(t.Context(), session.StepParams{Prompt: "never mind", SessionID: id}); err != nil {
					t.Fatal(err)
				}
			case "rewound": // undoes the revert
				want = instead
				res, err := s.RewindSession(t.Context(), session.RewindParams{SessionID: id, TurnID: reverted.TurnID})
				if err != nil || len(res.Applied) != 1 {
					t.Fatalf("%+v, %v", res, err)
				}
				if _, err := s.Step(t.Context(), session.StepParams{Prompt: "on", SessionID: id}); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, ended(rec)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			again(t, s, id)
			requests := model.Requests()
			last := requests[len(requests)-1].Messages
			agenttest.CheckHistory(t, requests[0].Messages)
			agenttest.CheckHistory(t, last)
			if got := agenttest.Results(last); len(got) != 3 {
				t.Errorf("results %q", got)
			}
		})
	}
}

// A command runs only if it is the one that the user was shown.
func TestOtherCommandThanAsked(t *testing.T) {
	d := &killedServer{spoil: func(journal []byte) []byte {
		return bytes.Replace(journal, []byte(`{\"cmd\":\"ok\"}`), []byte(`{\"cmd\":\"no\"}`), 1)
	}}
	s, rec, _ := d.of(t, agenttest.Script(agenttest.Bash("a", "ok")), agenttest.Script(agenttest.Text("Done.")))
	respond(t, s, event.DecisionAllow)
	rec.WaitKind(t, event.KindTurnFinished)
	want := []string{"toolFinished a: [error] not run: the command is not the one that the user was shown; call it again"}
	if diff := cmp.Diff(want, ended(rec)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// When the file changed after the asking server was killed, an allowed edit is
// not made; a refusal is a refusal all the same. Each answer is sent to the
// client.
func TestFileChangedBeforeTheAnswer(t *testing.T) {
	for decision, want := range map[event.Choice]string{
		event.DecisionAllow:      "[error] not run: the file was changed while the user looked at the difference; read it again",
		event.DecisionDeny:       "[error] not run: denied",
		event.DecisionCancelTurn: "[error] not run: the user cancelled the turn",
	} {
		t.Run(string(decision), func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "ws")
			file := filepath.Join(root, "f")
			if err := errors.Join(os.Mkdir(root, 0o755), os.WriteFile(file, []byte("1\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
			d := &killedServer{root: root}
			s, rec, _ := d.of(t, agenttest.Script(agenttest.Calls("", write("a", "f", "2\n"))), agenttest.Script(agenttest.Text("Done.")))
			if err := os.WriteFile(file, []byte("by hand\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			respond(t, s, decision)
			rec.WaitKind(t, event.KindTurnFinished)
			if diff := cmp.Diff([]string{"toolFinished a: " + want}, ended(rec)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if got := rec.Events(event.KindApprovalResolved); len(got) != 1 || got[0].Decision != decision {
				t.Errorf("resolved: %+v", got)
			}
			if data, err := os.ReadFile(file); err != nil || string(data) != "by hand\n" {
				t.Errorf("f: %q, %v", data, err)
			}
		})
	}
}
