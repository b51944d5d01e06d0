package agent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
)

// deciding answers approvals with the decisions, in order.
func deciding(decisions ...agent.Decision) *agenttest.Recorder {
	return &agenttest.Recorder{Decide: func(context.Context, agent.Approval) (agent.Decision, error) {
		d := decisions[0]
		decisions = decisions[1:]
		return d, nil
	}}
}

var asks = agent.Permissions{Mode: agent.ModeAsk}

func TestApprovals(t *testing.T) {
	allow := agent.Decision{Decision: agent.DecisionAllow}
	for name, tt := range map[string]struct {
		calls   []agent.Reply
		decide  []agent.Decision
		results []string // begin of each
		status  string
		asked   int
	}{
		"allow":                {[]agent.Reply{bash("a", "ok"), bash("b", "ok")}, []agent.Decision{allow, allow}, []string{"$ ok", "$ ok"}, agent.StatusCompleted, 2},
		"allow for session":    {[]agent.Reply{bash("a", "ok"), bash("b", "ok")}, []agent.Decision{{Decision: agent.DecisionAllowForSession}}, []string{"$ ok", "$ ok"}, agent.StatusCompleted, 1},
		"deny with words":      {[]agent.Reply{bash("a", "ok")}, []agent.Decision{{Decision: agent.DecisionDeny, Feedback: "use make"}}, []string{"[error] not run: denied: use make"}, agent.StatusCompleted, 1},
		"no decision denies":   {[]agent.Reply{bash("a", "ok")}, []agent.Decision{{Decision: "yes"}}, []string{"[error] not run: denied: the client's"}, agent.StatusCompleted, 1},
		"cancel is not deny":   {[]agent.Reply{bash("a", "ok")}, []agent.Decision{{Decision: agent.DecisionCancelTurn}}, []string{"[error] not run: the user cancelled"}, agent.StatusCancelled, 1},
		"refused calls ask no": {[]agent.Reply{call("a", "bash", `{"cmd":1}`), call("b", "nope", "{}"), call("c", "write_file", map[string]any{"path": "../x", "content": ""})}, nil, []string{"[error] bash: ", "[error] unknown tool", "[error] "}, agent.StatusCompleted, 0},
		"reading asks nothing": {[]agent.Reply{call("a", "download_file", map[string]any{"path": "x"})}, nil, []string{"[error] file x not found"}, agent.StatusCompleted, 0},
		"other tools ask":      {[]agent.Reply{call("a", "echo", map[string]any{"text": "hi"})}, []agent.Decision{allow}, []string{"hi"}, agent.StatusCompleted, 1},
	} {
		t.Run(name, func(t *testing.T) {
			rec := deciding(tt.decide...)
			var script []any
			for _, c := range tt.calls {
				script = append(script, c)
			}
			a := newAgent(t, agenttest.Script(append(script, agenttest.Text("Done."))...), agent.Options{Client: rec, Permissions: asks})
			out := a.Run(t.Context(), "go", agent.Turn{})
			if out.Status != tt.status {
				t.Errorf("status %s: %v", out.Status, out.Err)
			}
			got := results(a.History())
			if len(got) != len(tt.results) {
				t.Fatalf("results %q", got)
			}
			for i, want := range tt.results {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("result %d: %q, want %q", i, got[i], want)
				}
			}
			if n := len(rec.Approvals()); n != tt.asked || len(rec.Events(agent.KindApprovalRequested)) != n || len(rec.Events(agent.KindApprovalResolved)) != n {
				t.Errorf("asked %d times, %d and %d events, want %d", n, len(rec.Events(agent.KindApprovalRequested)), len(rec.Events(agent.KindApprovalResolved)), tt.asked)
			}
			checkHistory(t, a.History())
			checkEvents(t, rec.Events())
		})
	}
}

// What was allowed is what was shown: a file that changed meanwhile is left alone.
func TestEditChangedWhileTheUserLooks(t *testing.T) {
	rec := &agenttest.Recorder{}
	write := call("a", "write_file", map[string]any{"path": "a.txt", "content": "new\n"})
	a := newAgent(t, agenttest.Script(write, agenttest.Text("Done.")), agent.Options{Client: rec, Permissions: asks})
	file := filepath.Join(a.Runtime().Workspace().Dir(), "a.txt")
	rec.Decide = func(context.Context, agent.Approval) (agent.Decision, error) {
		return agent.Decision{Decision: agent.DecisionAllow}, os.WriteFile(file, []byte("the user's\n"), 0o600)
	}
	a.Run(t.Context(), "go", agent.Turn{})
	if got := results(a.History())[0]; !strings.Contains(got, "was changed while the user looked") {
		t.Errorf("result %q", got)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "the user's\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// The user's time is not the round's, but the turn's.
func TestApprovalWaitsAsLongAsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &agenttest.Recorder{Decide: func(ctx context.Context, _ agent.Approval) (agent.Decision, error) {
			select {
			case <-time.After(time.Hour):
				return agent.Decision{Decision: agent.DecisionAllow}, nil
			case <-ctx.Done():
				return agent.Decision{}, context.Cause(ctx)
			}
		}}
		opts := agent.Options{Client: rec, Permissions: asks, StepTimeout: time.Minute}
		a := newAgent(t, agenttest.Script(bash("a", "ok"), agenttest.Text("Done."), bash("b", "ok")), opts)
		if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != agent.StatusCompleted {
			t.Errorf("status %s: %v", out.Status, out.Err)
		}
		begun := time.Now()
		if out := a.Run(t.Context(), "go", agent.Turn{Timeout: time.Minute}); out.Status != agent.StatusTimeout || time.Since(begun) != time.Minute {
			t.Errorf("status %s after %v", out.Status, time.Since(begun))
		}
		resolved := rec.Events(agent.KindApprovalResolved)
		if last := resolved[len(resolved)-1]; last.Decision != agent.DecisionWithdrawn {
			t.Errorf("%+v", last)
		}
		checkEvents(t, rec.Events())
	})
}

func TestApprovalOutlivesItsServer(t *testing.T) {
	for _, tt := range []struct {
		decision, want string
	}{
		{agent.DecisionAllowForSession, "$ ok\nfine\n"},
		{agent.DecisionDeny, "[error] not run: denied: not now"},
	} {
		model := agenttest.Script(agenttest.Text("Done."), bash("b", "ok"), agenttest.Text("Again."))
		s, rec, id := killed(t, bash("a", "ok"), model)
		list := pending(t, s)
		if len(list) != 1 || list[0].Approval == nil || list[0].Approval.Command != "ok" || list[0].SessionID != id {
			t.Fatalf("pending: %+v", list)
		}
		key := list[0].RequestKey
		var invalid agent.Response
		if _, err := s.Respond(t.Context(), agent.RespondParams{RequestKey: key, Response: invalid}); err == nil {
			t.Error("no decision was taken for one")
		}
		got, err := s.Respond(t.Context(), agent.RespondParams{RequestKey: key, Response: agent.Response{Decision: tt.decision, Feedback: "not now"}})
		if err != nil || got.SessionID != id || got.TurnID == "" {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := s.Respond(t.Context(), agent.RespondParams{RequestKey: key, Response: agent.Response{Decision: tt.decision}}); !errors.Is(err, agent.ErrNotPending) {
			t.Errorf("a second answer: %v", err)
		}
		end := rec.WaitKind(t, agent.KindTurnFinished)
		if end.Status != agent.StatusCompleted || end.TurnID != got.TurnID || len(pending(t, s)) != 0 {
			t.Errorf("%+v", end)
		}
		history := model.Requests()[0].Messages
		checkHistory(t, history)
		if diff := cmp.Diff([]string{tt.want}, results(history)); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		// A further turn of a further server has the same conversation.
		if _, err := s.CloseSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ResumeSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "again", SessionID: id}); err != nil {
			t.Fatal(err)
		}
		again := model.Requests()[1].Messages
		if diff := cmp.Diff(history, again[:len(history)]); diff != "" {
			t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
		}
		asked := len(rec.Approvals()) > 0
		if asked != (tt.decision == agent.DecisionDeny) {
			t.Errorf("%s: asked again: %v", tt.decision, asked)
		}
	}
}

func TestStepInstead(t *testing.T) {
	model := agenttest.Script(agenttest.Text("Hello."), agenttest.Text("Again."))
	s, rec, id := killed(t, bash("a", "ok"), model)
	key := pending(t, s)[0].RequestKey
	if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "never mind", SessionID: id}); err != nil {
		t.Fatal(err)
	}
	e := rec.WaitKind(t, agent.KindApprovalResolved)
	if e.RequestKey != key || e.Decision != agent.DecisionWithdrawn || len(pending(t, s)) != 0 {
		t.Errorf("%+v", e)
	}
	history := model.Requests()[0].Messages
	checkHistory(t, history)
	if got := results(history); len(got) != 1 || !strings.HasPrefix(got[0], "[error] not run: the server ended while") {
		t.Errorf("results %q", got)
	}
	if _, err := s.CloseSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ResumeSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "again", SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(history, model.Requests()[1].Messages[:len(history)]); diff != "" {
		t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
	}
}

// Who is told that an approval was withdrawn does not find it among what is pending.
func TestWithdrawnApprovalIsNotPending(t *testing.T) {
	model, broker, rec := agenttest.Script(bash("a", "ok")), &agent.Broker{}, &agenttest.Recorder{}
	s, _ := sessions(t, model, func(o *agent.SessionsOptions) {
		o.Broker = broker
		o.New = func(_ context.Context, spec agent.Spec) (*agent.Agent, error) {
			return newAgent(t, model, agent.Options{SessionID: spec.SessionID, Client: rec, Broker: broker, Permissions: asks}), nil
		}
	})
	rec.Decide = func(ctx context.Context, a agent.Approval) (agent.Decision, error) {
		if open := pending(t, s); len(open) != 1 {
			t.Errorf("pending while it is asked: %+v", open)
		}
		if _, err := s.Interrupt(ctx, agent.InterruptParams{SessionID: a.SessionID}); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return agent.Decision{}, context.Cause(ctx)
	}
	told := 0
	rec.OnEvent = func(_ context.Context, e agent.Event) {
		if e.Kind != agent.KindApprovalResolved {
			return
		}
		told++
		if open := pending(t, s); e.Decision != agent.DecisionWithdrawn || len(open) != 0 {
			t.Errorf("%s, pending: %+v", e.Decision, open)
		}
	}
	if res := step(t, s, "", "go"); res.Status != agent.StatusCancelled || told != 1 {
		t.Errorf("status %s, told %d times", res.Status, told)
	}
}
