package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

func TestApprovals(t *testing.T) {
	allow := event.Decision{Decision: event.DecisionAllow}
	for name, tt := range map[string]struct {
		calls   []agent.Reply
		decide  []event.Decision
		results []string // begin of each
		status  event.Status
		asked   int
	}{
		"allow":                {[]agent.Reply{agenttest.Bash("a", "ok"), agenttest.Bash("b", "ok")}, []event.Decision{allow, allow}, []string{"$ ok", "$ ok"}, event.StatusCompleted, 2},
		"allow for session":    {[]agent.Reply{agenttest.Bash("a", "ok"), agenttest.Bash("b", "ok")}, []event.Decision{{Decision: event.DecisionAllowForSession}}, []string{"$ ok", "$ ok"}, event.StatusCompleted, 1},
		"deny with words":      {[]agent.Reply{agenttest.Bash("a", "ok")}, []event.Decision{{Decision: event.DecisionDeny, Feedback: "use make"}}, []string{"[error] not run: denied: use make"}, event.StatusCompleted, 1},
		"no decision denies":   {[]agent.Reply{agenttest.Bash("a", "ok")}, []event.Decision{{Decision: "yes"}}, []string{"[error] not run: denied: the client's"}, event.StatusCompleted, 1},
		"cancel is not deny":   {[]agent.Reply{agenttest.Bash("a", "ok")}, []event.Decision{{Decision: event.DecisionCancelTurn}}, []string{"[error] not run: the user cancelled"}, event.StatusCancelled, 1},
		"refused calls ask no": {[]agent.Reply{agenttest.Calling("a", "bash", `{"cmd":1}`), agenttest.Calling("b", "nope", "{}"), agenttest.Calling("c", "write_file", map[string]any{"path": "../x", "content": ""})}, nil, []string{"[error] bash: ", "[error] unknown tool", "[error] "}, event.StatusCompleted, 0},
		"reading asks nothing": {[]agent.Reply{agenttest.Calling("a", "download_file", map[string]any{"path": "x"})}, nil, []string{"[error] file x not found"}, event.StatusCompleted, 0},
		"other tools ask":      {[]agent.Reply{agenttest.Calling("a", "echo", map[string]any{"text": "hi"})}, []event.Decision{allow}, []string{"hi"}, event.StatusCompleted, 1},
	} {
		t.Run(name, func(t *testing.T) {
			rec := agenttest.Deciding(tt.decide...)
			var script []any
			for _, c := range tt.calls {
				script = append(script, c)
			}
			a := agenttest.NewAgent(t, agenttest.Script(append(script, agenttest.Text("Done."))...), agent.Options{Client: rec, Permissions: agenttest.Asks})
			out := a.Run(t.Context(), "go", agent.Turn{})
			if out.Status != tt.status {
				t.Errorf("status %s: %v", out.Status, out.Err)
			}
			got := agenttest.Results(a.History())
			if len(got) != len(tt.results) {
				t.Fatalf("results %q", got)
			}
			for i, want := range tt.results {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("result %d: %q, want %q", i, got[i], want)
				}
			}
			if n := len(rec.Approvals()); n != tt.asked || len(rec.Events(event.KindApprovalRequested)) != n || len(rec.Events(event.KindApprovalResolved)) != n {
				t.Errorf("asked %d times, %d and %d events, want %d", n, len(rec.Events(event.KindApprovalRequested)), len(rec.Events(event.KindApprovalResolved)), tt.asked)
			}
			agenttest.CheckHistory(t, a.History())
			agenttest.CheckEvents(t, rec.Events())
		})
	}
}

// Only the change that was shown is allowed: a file that changed meanwhile is not
// written.
func TestEditChangedWhileTheUserLooks(t *testing.T) {
	rec := &agenttest.Recorder{}
	write := agenttest.Calling("a", "write_file", map[string]any{"path": "a.txt", "content": "new\n"})
	a := agenttest.NewAgent(t, agenttest.Script(write, agenttest.Text("Done.")), agent.Options{Client: rec, Permissions: agenttest.Asks})
	file := filepath.Join(a.Runtime().Workspace().Dir(), "a.txt")
	rec.Decide = func(context.Context, event.Approval) (event.Decision, error) {
		return event.Decision{Decision: event.DecisionAllow}, os.WriteFile(file, []byte("the user's\n"), 0o600)
	}
	a.Run(t.Context(), "go", agent.Turn{})
	if got := agenttest.Results(a.History())[0]; !strings.Contains(got, "was changed while the user looked") {
		t.Errorf("result %q", got)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "the user's\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// The time in which the user decides counts for the turn, not for the round.
func TestApprovalWaitsAsLongAsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &agenttest.Recorder{Decide: func(ctx context.Context, _ event.Approval) (event.Decision, error) {
			select {
			case <-time.After(time.Hour):
				return event.Decision{Decision: event.DecisionAllow}, nil
			case <-ctx.Done():
				return event.Decision{}, context.Cause(ctx)
			}
		}}
		opts := agent.Options{Client: rec, Permissions: agenttest.Asks, StepTimeout: time.Minute}
		a := agenttest.NewAgent(t, agenttest.Script(agenttest.Bash("a", "ok"), agenttest.Text("Done."), agenttest.Bash("b", "ok")), opts)
		if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
			t.Errorf("status %s: %v", out.Status, out.Err)
		}
		begun := time.Now()
		if out := a.Run(t.Context(), "go", agent.Turn{Limits: event.Limits{TimeoutSeconds: time.Minute.Seconds()}}); out.Status != event.StatusTimeout || time.Since(begun) != time.Minute {
			t.Errorf("status %s after %v", out.Status, time.Since(begun))
		}
		resolved := rec.Events(event.KindApprovalResolved)
		if last := resolved[len(resolved)-1]; last.Decision != event.DecisionWithdrawn {
			t.Errorf("%+v", last)
		}
		agenttest.CheckEvents(t, rec.Events())
	})
}
