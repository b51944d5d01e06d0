package agent_test

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
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// death is a server that dies while it asks. The zero value has a workspace for
// each server and mode ask.
type death struct {
	steps []agent.StepParams // the last one asks; none: one that says "go"
	mode  string             // of the session
	root  string             // of all servers, with an undo
	spoil func([]byte) []byte

	store *journal.Store
}

// killed is a session whose server died while it asked, and what it is resumed
// with: the journal as it was at that moment.
func killed(t *testing.T, reply agent.Reply, model agent.Model) (s *agent.Sessions, rec *agenttest.Recorder, id string) {
	t.Helper()
	return (&death{}).of(t, agenttest.Script(reply), model)
}

// of lets the server with the model before die, and resumes its session in one with
// the model after.
func (d *death) of(t *testing.T, before, after agent.Model) (s *agent.Sessions, rec *agenttest.Recorder, id string) {
	t.Helper()
	d.store = newStore(t)
	cut := make(chan []byte, 1)
	ctx, cancel := context.WithCancel(t.Context())
	first := &agenttest.Recorder{}
	first.Decide = func(_ context.Context, a agent.Approval) (agent.Decision, error) {
		text, err := os.ReadFile(filepath.Join(d.store.Dir(a.SessionID), "journal.jsonl"))
		cut <- text
		cancel()
		return agent.Decision{}, errors.Join(err, context.Canceled)
	}
	server := d.server(t, before, first)
	if d.steps == nil {
		d.steps = []agent.StepParams{{Prompt: "go"}}
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

func (d *death) server(t *testing.T, model agent.Model, rec *agenttest.Recorder) *agent.Sessions {
	t.Helper()
	s, _ := sessions(t, model, func(o *agent.SessionsOptions) {
		broker := &agent.Broker{}
		o.Store, o.Broker = d.store, broker
		if d.root != "" {
			o.Undo = agent.NewUndo(agent.UndoOptions{Dir: filepath.Join(d.root, "..", "undo")})
		}
		o.New = func(_ context.Context, spec agent.Spec) (*agent.Agent, error) {
			rt, err := d.runtime(t)
			perms := agent.Permissions{Mode: d.mode, Unconfined: true}
			if d.mode == "" {
				perms = asks
			}
			return agent.New(model, registry(t, mess()), rt, agent.Options{SessionID: spec.SessionID, Client: rec, Broker: broker, Permissions: perms, Undo: o.Undo}), err
		}
	})
	return s
}

func (d *death) runtime(t *testing.T) (*runtime.Runtime, error) {
	if d.root == "" {
		return newRuntime(t), nil
	}
	ws, err := runtime.OpenWorkspace(d.root, runtime.OpenOptions{})
	return runtime.New(ws, runtimetest.NewFake(map[string]runtimetest.Script{"ok": {Output: "fine\n"}}, nil), runtime.Options{}), err
}

func resume(t *testing.T, s *agent.Sessions, id string) {
	t.Helper()
	if _, err := s.ResumeSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
}

func closeSession(t *testing.T, s *agent.Sessions, id string) {
	t.Helper()
	if _, err := s.CloseSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
}

// respond answers the one approval that is open.
func respond(t *testing.T, s *agent.Sessions, decision string) {
	t.Helper()
	list := pending(t, s)
	if len(list) != 1 {
		t.Fatalf("pending: %+v", list)
	}
	if _, err := s.Respond(t.Context(), agent.RespondParams{RequestKey: list[0].RequestKey, Response: agent.Response{Decision: decision}}); err != nil {
		t.Fatal(err)
	}
}

func pending(t *testing.T, s *agent.Sessions) []agent.PendingRequest {
	t.Helper()
	res, err := s.PendingRequests(t.Context(), agent.PendingRequestsParams{})
	if err != nil {
		t.Fatal(err)
	}
	return res.Requests
}

// The bounds of a step hold when its turn goes on in another server, and what it had
// used counts.
func TestBoundsOutliveTheServer(t *testing.T) {
	second := agenttest.Call("b", "write_file", map[string]any{"path": "dirty", "content": "x\n"})
	for _, tt := range []struct {
		name      string
		mode      string
		step      agent.StepParams
		configure string // the session's mode, before the user answers
		model     []any
		status    string
		steps     int
		asked     int    // after the answer
		result    string // of the second call
	}{
		{"none", agent.ModeAsk, agent.StepParams{}, "", []any{agenttest.Text("Done.")}, agent.StatusCompleted, 2, 1, "Wrote dirty"},
		{"mode ask", agent.ModeAuto, agent.StepParams{Mode: agent.ModeAsk}, "", []any{agenttest.Text("Done.")}, agent.StatusCompleted, 2, 1, "Wrote dirty"},
		{
			"mode ask, and plan since", agent.ModeAuto,
			agent.StepParams{Mode: agent.ModeAsk},
			agent.ModePlan,
			[]any{agenttest.Text("Done.")},
			agent.StatusCompleted, 2, 0, "[error] not run: mode plan changes no files; say what you would change",
		},
		{"steps", agent.ModeAsk, agent.StepParams{MaxSteps: 1}, "", nil, agent.StatusStepLimit, 1, 1, "Wrote dirty"},
		{"more steps", agent.ModeAsk, agent.StepParams{MaxSteps: 2}, "", []any{bash("c", "ok")}, agent.StatusStepLimit, 2, 2, "Wrote dirty"},
		{"tokens", agent.ModeAsk, agent.StepParams{Limits: &agent.TurnLimits{Tokens: 15}}, "", nil, agent.StatusBudget, 1, 1, "Wrote dirty"},
		{"time", agent.ModeAsk, agent.StepParams{Limits: &agent.TurnLimits{TimeoutSeconds: 2}}, "", []any{slow("")}, agent.StatusTimeout, 2, 1, "Wrote dirty"},
		{
			"dirty files", agent.ModeAsk,
			agent.StepParams{DirtyFiles: []string{"dirty"}},
			"",
			[]any{agenttest.Text("Done.")},
			agent.StatusCompleted, 2, 0,
			`[error] not run: conflict: "dirty" has changes in the user's editor that are not saved; ask the user to save or drop them`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.step.Prompt = "go"
			d := &death{mode: tt.mode, steps: []agent.StepParams{tt.step}}
			s, rec, id := d.of(t, agenttest.Script(both(second)), agenttest.Script(tt.model...))
			rec.Decide = allowAll
			if tt.configure != "" {
				if _, err := s.ConfigureSession(t.Context(), agent.ConfigureParams{SessionID: id, Mode: tt.configure}); err != nil {
					t.Fatal(err)
				}
			}
			respond(t, s, agent.DecisionAllow)
			end := rec.WaitKind(t, agent.KindTurnFinished)
			if end.Status != tt.status || end.Steps != tt.steps || len(rec.Approvals()) != tt.asked {
				t.Errorf("%s after %d steps, asked %d times", end.Status, end.Steps, len(rec.Approvals()))
			}
			if used := end.Usage.InputTokens + end.Usage.OutputTokens; tt.status != agent.StatusTimeout && used != int64(15*tt.steps) {
				t.Errorf("%d tokens", used)
			}
			if got := rec.Events(agent.KindToolFinished)[1].Text; got != tt.result {
				t.Errorf("the second call: %q", got)
			}
		})
	}
}

// A revert of files leaves the turn that asks alone: it can be answered, in this
// server or the next, and its calls have one result each.
func TestRevertBesideAnOrphan(t *testing.T) {
	for _, name := range []string{"answered", "answered later", "something else", "rewound"} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "ws")
			if err := os.Mkdir(root, 0o755); err != nil {
				t.Fatal(err)
			}
			d := &death{root: root, steps: []agent.StepParams{{Prompt: "write", Mode: agent.ModeAuto}, {Prompt: "go"}}}
			model := agenttest.Script(agenttest.Text("Done."), agenttest.Text("Again."))
			s, rec, id := d.of(t, agenttest.Script(agenttest.Calls("", write("w", "f", "1\n")), agenttest.Text("Written."), both(agenttest.Call("b", "echo", `{"text":"x"}`))), model)
			rec.Decide = allowAll
			if name == "rewound" { // with the conversation at hand; a step that is refused needs it
				if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "look", SessionID: id, Context: []agent.ContextItem{{Path: "none"}}}); !errors.Is(err, runtime.ErrNotFound) {
					t.Fatal(err)
				}
			}
			reverted, err := s.RevertFiles(t.Context(), agent.RevertParams{SessionID: id})
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
				respond(t, s, agent.DecisionAllow)
				rec.WaitKind(t, agent.KindTurnFinished)
			case "something else":
				want = instead
				if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "never mind", SessionID: id}); err != nil {
					t.Fatal(err)
				}
			case "rewound": // undoes the revert
				want = instead
				res, err := s.RewindSession(t.Context(), agent.RewindParams{SessionID: id, TurnID: reverted.TurnID})
				if err != nil || len(res.Applied) != 1 {
					t.Fatalf("%+v, %v", res, err)
				}
				if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "on", SessionID: id}); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, ended(rec)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			again(t, s, id)
			requests := model.Requests()
			last := requests[len(requests)-1].Messages
			checkHistory(t, requests[0].Messages)
			checkHistory(t, last)
			if got := results(last); len(got) != 3 {
				t.Errorf("results %q", got)
			}
		})
	}
}

// A command runs only if it is the one that the user was shown.
func TestOtherCommandThanAsked(t *testing.T) {
	d := &death{spoil: func(journal []byte) []byte {
		return bytes.Replace(journal, []byte(`{\"cmd\":\"ok\"}`), []byte(`{\"cmd\":\"no\"}`), 1)
	}}
	s, rec, _ := d.of(t, agenttest.Script(bash("a", "ok")), agenttest.Script(agenttest.Text("Done.")))
	respond(t, s, agent.DecisionAllow)
	rec.WaitKind(t, agent.KindTurnFinished)
	want := []string{"toolFinished a: [error] not run: the command is not the one that the user was shown; call it again"}
	if diff := cmp.Diff(want, ended(rec)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// An edit whose file was changed after the server that asked had died is not made; a
// refusal of it is one all the same. Each answer is told.
func TestFileChangedBesideAnOrphan(t *testing.T) {
	for decision, want := range map[string]string{
		agent.DecisionAllow:      "[error] not run: the file was changed while the user looked at the difference; read it again",
		agent.DecisionDeny:       "[error] not run: denied",
		agent.DecisionCancelTurn: "[error] not run: the user cancelled the turn",
	} {
		t.Run(decision, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "ws")
			file := filepath.Join(root, "f")
			if err := errors.Join(os.Mkdir(root, 0o755), os.WriteFile(file, []byte("1\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
			d := &death{root: root}
			s, rec, _ := d.of(t, agenttest.Script(agenttest.Calls("", write("a", "f", "2\n"))), agenttest.Script(agenttest.Text("Done.")))
			if err := os.WriteFile(file, []byte("by hand\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			respond(t, s, decision)
			rec.WaitKind(t, agent.KindTurnFinished)
			if diff := cmp.Diff([]string{"toolFinished a: " + want}, ended(rec)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if got := rec.Events(agent.KindApprovalResolved); len(got) != 1 || got[0].Decision != decision {
				t.Errorf("resolved: %+v", got)
			}
			if data, err := os.ReadFile(file); err != nil || string(data) != "by hand\n" {
				t.Errorf("f: %q, %v", data, err)
			}
		})
	}
}
