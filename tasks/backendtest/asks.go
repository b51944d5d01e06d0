package backendtest

import (
	"context"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tasks"
)

// When an agent must ask, it asks the client, and the question is pending for the
// session that delegates.
func asks(t *testing.T, open Open) {
	model := agenttest.Script(agenttest.Bash("", "ok"), agenttest.Text("done"))
	b := set(t, open, model)
	a := b.assignment("asks", "go")
	a.Mode = event.ModeAsk
	b.client.Decide = func(_ context.Context, asked event.Approval) (event.Decision, error) {
		pending := b.broker.Pending(a.ParentSessionID)
		if len(pending) != 1 || pending[0].RequestKey != asked.RequestKey || asked.SessionID != a.SessionID || asked.TaskID != a.TaskID {
			t.Errorf("asked %+v, pending %+v", asked, pending)
		}
		return event.Decision{Decision: event.DecisionDeny, Feedback: "not today"}, nil
	}
	b.prepare(a)
	b.finish(a)
	if n := len(b.client.Approvals()); n != 1 || !strings.Contains(last(model.Requests()[1]), "not today") {
		t.Errorf("asked %d times; the model was told %q", n, last(model.Requests()[1]))
	}
}

// A question to the user ends the turn; the next prompt answers it. An agent that
// got its prompt from another agent cannot ask.
func waits(t *testing.T, open Open) {
	question := agenttest.Calling("", "ask_user", map[string]any{"prompt": "Which?", "options": []string{"a", "b"}})
	b := set(t, open, agenttest.Script(question, agenttest.Text("done"), question, agenttest.Text("alone")))
	a := b.assignment("waits", "go")
	b.prepare(a)
	out, _ := b.run(t.Context(), a)
	b.wantState(out, tasks.StateWaiting)
	if q := out.Question; q == nil || q.Text != "Which?" || len(q.Options) != 2 {
		t.Errorf("question %+v", q)
	}
	a.Prompt = "a"
	if out := b.finish(a); out.Question != nil || out.Text != "done" {
		t.Errorf("%+v", out)
	}
	a = b.assignment("alone", "go")
	a.ByAgent = true
	b.prepare(a)
	if out := b.finish(a); out.Question != nil || out.Text != "alone" {
		t.Errorf("%+v", out)
	}
}

// A turn continues, once, with the call that the last server had asked about.
func answer(t *testing.T, open Open) {
	model := agenttest.Script(agenttest.Text("done"))
	b := set(t, open, model)
	a := b.assignment("asked", "go")
	asked := Asked(t, b.store, a)
	a.Prompt, a.Answer = "", &tasks.Answer{RequestKey: asked.RequestKey, Decision: event.DecisionAllow}
	b.finish(a)
	if got := told(model.Requests()[0]); !strings.Contains(got, "fine\n") || !strings.Contains(got, isNew) {
		t.Errorf("the turn was told %q", got)
	}
	out, _ := b.run(t.Context(), a)
	b.wantState(out, tasks.StateFailed)
	if out.Err == nil {
		t.Error("a second answer is no error")
	}
}
