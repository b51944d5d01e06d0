package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
)

func TestApprovalOutlivesItsServer(t *testing.T) {
	for _, tt := range []struct {
		decision event.Choice
		want     string
	}{
		{event.DecisionAllowForSession, "$ ok\nfine\n"},
		{event.DecisionDeny, "[error] not run: denied: not now"},
	} {
		model := agenttest.Script(agenttest.Text("Done."), agenttest.Bash("b", "ok"), agenttest.Text("Again."))
		s, rec, id := killed(t, agenttest.Bash("a", "ok"), model)
		list := pending(t, s)
		if len(list) != 1 || list[0].Approval == nil || list[0].Approval.Command != "ok" || list[0].SessionID != id {
			t.Fatalf("pending: %+v", list)
		}
		key := list[0].RequestKey
		var invalid approval.Response
		if _, err := s.Respond(t.Context(), session.RespondParams{RequestKey: key, Response: invalid}); err == nil {
			t.Error("no decision was taken for one")
		}
		got, err := s.Respond(t.Context(), session.RespondParams{RequestKey: key, Response: approval.Response{Decision: tt.decision, Feedback: "not now"}})
		if err != nil || got.SessionID != id || got.TurnID == "" {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := s.Respond(t.Context(), session.RespondParams{RequestKey: key, Response: approval.Response{Decision: tt.decision}}); !errors.Is(err, session.ErrNotPending) {
			t.Errorf("a second answer: %v", err)
		}
		end := rec.WaitKind(t, event.KindTurnFinished)
		if end.Status != event.StatusCompleted || end.TurnID != got.TurnID || len(pending(t, s)) != 0 {
			t.Errorf("%+v", end)
		}
		history := model.Requests()[0].Messages
		agenttest.CheckHistory(t, history)
		if diff := cmp.Diff([]string{tt.want}, agenttest.Results(history)); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		// A further turn in a third server has the same conversation.
		if _, err := s.CloseSession(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Resume(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Step(t.Context(), session.StepParams{Prompt: "again", SessionID: id}); err != nil {
			t.Fatal(err)
		}
		again := model.Requests()[1].Messages
		if diff := cmp.Diff(history, again[:len(history)]); diff != "" {
			t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
		}
		asked := len(rec.Approvals()) > 0
		if asked != (tt.decision == event.DecisionDeny) {
			t.Errorf("%s: asked again: %v", tt.decision, asked)
		}
	}
}

func TestStepInstead(t *testing.T) {
	model := agenttest.Script(agenttest.Text("Hello."), agenttest.Text("Again."))
	s, rec, id := killed(t, agenttest.Bash("a", "ok"), model)
	key := pending(t, s)[0].RequestKey
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "never mind", SessionID: id}); err != nil {
		t.Fatal(err)
	}
	e := rec.WaitKind(t, event.KindApprovalResolved)
	if e.RequestKey != key || e.Decision != event.DecisionWithdrawn || len(pending(t, s)) != 0 {
		t.Errorf("%+v", e)
	}
	history := model.Requests()[0].Messages
	agenttest.CheckHistory(t, history)
	if got := agenttest.Results(history); len(got) != 1 || !strings.HasPrefix(got[0], "[error] not run: the server ended while") {
		t.Errorf("results %q", got)
	}
	if _, err := s.CloseSession(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "again", SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(history, model.Requests()[1].Messages[:len(history)]); diff != "" {
		t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
	}
}

// A client that gets the withdrawal of an approval does not find it among the
// pending requests.
func TestWithdrawnApprovalIsNotPending(t *testing.T) {
	model, broker, rec := agenttest.Script(agenttest.Bash("a", "ok")), &approval.Broker{}, &agenttest.Recorder{}
	s, _ := sessions(t, model, func(o *session.Options) {
		o.Broker = broker
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agenttest.NewAgent(t, model, agent.Options{SessionID: spec.SessionID, Client: rec, Broker: broker, Permissions: approval.Permissions{Mode: event.ModeAsk}}), nil
		}
	})
	rec.Decide = func(ctx context.Context, a event.Approval) (event.Decision, error) {
		if open := pending(t, s); len(open) != 1 {
			t.Errorf("pending while it is asked: %+v", open)
		}
		if _, _, err := s.Interrupt(a.SessionID); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return event.Decision{}, context.Cause(ctx)
	}
	told := 0
	rec.OnEvent = func(_ context.Context, e event.Event) {
		if e.Kind != event.KindApprovalResolved {
			return
		}
		told++
		if open := pending(t, s); e.Decision != event.DecisionWithdrawn || len(open) != 0 {
			t.Errorf("%s, pending: %+v", e.Decision, open)
		}
	}
	if res := step(t, s, "", "go"); res.Status != event.StatusCancelled || told != 1 {
		t.Errorf("status %s, told %d times", res.Status, told)
	}
}

// A client that reverts acts for the user, so listed protected paths are reverted
// too.
func TestRevertBringsListedPathsBack(t *testing.T) {
	script := agenttest.Script(agenttest.Calling("a", "write_file", map[string]any{"path": ".envrc", "content": "x\n"}), agenttest.Text("Done."))
	d := &killedServer{root: filepath.Join(t.TempDir(), "ws"), mode: event.ModeAuto, store: agenttest.NewStore(t)}
	if err := os.Mkdir(d.root, 0o755); err != nil {
		t.Fatal(err)
	}
	rec := agenttest.Deciding(event.Decision{Decision: event.DecisionAllow})
	s := d.server(t, script, rec)
	res, err := s.Step(t.Context(), session.StepParams{Prompt: "go"})
	if err != nil || len(res.Changes) != 1 || !res.Changes[0].Protected {
		t.Fatalf("%+v, %v", res, err)
	}
	for _, e := range rec.Events(event.KindFileChanged) {
		if !e.Protected {
			t.Errorf("%+v", e)
		}
	}
	diff, err := s.DiffFiles(t.Context(), session.DiffParams{SessionID: res.SessionID})
	if err != nil || len(diff.Files) != 1 || !diff.Files[0].Protected {
		t.Errorf("%+v, %v", diff, err)
	}
	back, err := s.RevertFiles(t.Context(), session.RevertParams{SessionID: res.SessionID})
	want := []session.AppliedChange{{Path: ".envrc", Change: runtime.ChangeDeleted, Protected: true}}
	if diff := cmp.Diff(want, back.Applied); diff != "" || err != nil || len(back.Conflicts) != 0 {
		t.Errorf("%+v, %v\n%s", back, err, diff)
	}
}
