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
		"allow":                {[]agent.Reply{agenttest.Bash("a", "ok"), agenttest.Bash("b", "ok")}, []event.Decision{allow, allow}, []string{"fine", "fine"}, event.StatusCompleted, 2},
		"allow for session":    {[]agent.Reply{agenttest.Bash("a", "ok"), agenttest.Bash("b", "ok")}, []event.Decision{{Decision: event.DecisionAllowForSession}}, []string{"fine", "fine"}, event.StatusCompleted, 1},
		"a rule of the user":   {[]agent.Reply{agenttest.Bash("a", "ok"), agenttest.Bash("b", "ok x")}, []event.Decision{{Decision: event.DecisionAllowForSession, Rule: "ok *"}}, []string{"fine", ""}, event.StatusCompleted, 1},
		"a rule for all edits": {[]agent.Reply{agenttest.Calling("a", "write_file", map[string]any{"path": "d/x", "content": ""}), agenttest.Calling("b", "write_file", map[string]any{"path": "d/y", "content": ""}), agenttest.Calling("c", "write_file", map[string]any{"path": "z", "content": ""})}, []event.Decision{{Decision: event.DecisionAllowForSession, Rule: "edit d/*"}, allow}, []string{"", "", ""}, event.StatusCompleted, 2},
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

// A rule that cannot be made is no answer: the approval comes again, says why, and
// nothing is allowed until a rule fits.
func TestARuleThatCannotBeMadeIsAskedAgain(t *testing.T) {
	always := func(rule string) event.Decision {
		return event.Decision{Decision: event.DecisionAllowForSession, Rule: rule}
	}
	for name, tt := range map[string]struct {
		decide []event.Decision
		result string
		rule   string
		asked  int
	}{
		"then a right one":  {[]event.Decision{always("*"), always("ok *")}, "fine", "ok *", 2},
		"then the offered":  {[]event.Decision{always("rm *"), always("")}, "fine", "ok", 2},
		"then no":           {[]event.Decision{always("rm *"), {Decision: event.DecisionDeny}}, "[error] not run: denied", "", 2},
		"again and again":   {[]event.Decision{always("*"), always("rm *"), always("\x1b")}, "[error] not run: denied: the client's rule", "", 3},
		"with another word": {[]event.Decision{{Decision: event.DecisionAllow, Rule: "*"}}, "fine", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			rec := agenttest.Deciding(tt.decide...)
			a := agenttest.NewAgent(t, agenttest.Script(agenttest.Bash("a", "ok"), agenttest.Text("Done.")), agent.Options{Client: rec, Permissions: agenttest.Asks})
			a.Run(t.Context(), "go", agent.Turn{})
			if got := agenttest.Results(a.History()); len(got) != 1 || !strings.HasPrefix(got[0], tt.result) {
				t.Errorf("results %q, want %q", got, tt.result)
			}
			asked, resolved := rec.Approvals(), rec.Events(event.KindApprovalResolved)
			if len(asked) != tt.asked || len(resolved) != 1 || resolved[0].Rule != tt.rule {
				t.Fatalf("asked %d times, resolved %+v", len(asked), resolved)
			}
			for i, again := range asked {
				if says := strings.Contains(again.Title, "(the rule "); says != (i > 0) || again.RequestKey != asked[0].RequestKey {
					t.Errorf("question %d: %+v", i, again)
				}
			}
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
