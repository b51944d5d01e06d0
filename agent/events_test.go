package agent_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

func TestEventsOfATurn(t *testing.T) {
	first := func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		emit(agent.Delta{Text: "void"})
		emit(agent.Delta{Retry: &agent.Retry{Attempt: 1, Delay: 1500 * time.Millisecond, Reason: "HTTP 529"}})
		emit(agent.Delta{Reasoning: "hm"})
		emit(agent.Delta{Text: "I "})
		emit(agent.Delta{Text: "look."})
		return agenttest.Calls("I look.",
			agenttest.Call("a", "bash", map[string]any{"cmd": "ok"}),
			agenttest.Call("b", "write_file", map[string]any{"path": "f", "content": "x\n"})), nil
	}
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(first, agenttest.Text("Done.")), agent.Options{SessionID: "s_1", TaskID: "task_1", Client: &rec})
	a.Run(t.Context(), "go", agent.Turn{ID: "t_1"})

	want := []event.Kind{
		event.KindTurnStarted, event.KindMessage,
		event.KindTextDelta, event.KindRetrying, event.KindReasoningDelta, event.KindTextDelta, event.KindUsage, event.KindMessage,
		event.KindToolStarted, event.KindToolOutput, event.KindToolFinished,
		event.KindToolStarted, event.KindToolFinished, event.KindFileChanged,
		event.KindTextDelta, event.KindUsage, event.KindMessage,
		event.KindTurnFinished,
	}
	if diff := cmp.Diff(want, rec.Kinds()); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	agenttest.CheckEvents(t, rec.Events())
	for _, e := range rec.Events() {
		if e.SessionID != "s_1" || e.TaskID != "task_1" || e.TurnID != "t_1" || e.Time.IsZero() {
			t.Errorf("event %+v", e)
		}
	}
	if r := rec.Events(event.KindRetrying)[0]; r.Attempt != 1 || r.DelaySeconds != 1.5 || r.Reason != "HTTP 529" {
		t.Errorf("retrying %+v", r)
	}
	bash := rec.Events(event.KindToolFinished)[0]
	if bash.CallID != "a" || bash.Text != "$ ok\nfine\n" || bash.IsError || bash.ExitCode == nil || *bash.ExitCode != 0 {
		t.Errorf("toolFinished %+v", bash)
	}
	if end := rec.Events(event.KindTurnFinished)[0]; end.Status != event.StatusCompleted || end.Text != "Done." || end.Steps != 2 || end.Usage.InputTokens != 20 {
		t.Errorf("turnFinished %+v", end)
	}
}

func TestNumbersGoOnOverTurns(t *testing.T) {
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Text("1"), errors.New("no"), agenttest.Text("3")), agent.Options{Client: &rec})
	for range 3 {
		a.Run(t.Context(), "go", agent.Turn{})
	}
	agenttest.CheckEvents(t, rec.Events())
	if n := len(rec.Events(event.KindTurnFinished)); n != 3 {
		t.Errorf("%d terminal events", n)
	}
}

func TestAskUser(t *testing.T) {
	ask := agenttest.Calling("q", "ask_user", map[string]any{"prompt": "Which?", "options": []string{"red", "blue"}})

	t.Run("a client that can answer", func(t *testing.T) {
		rec := agenttest.Recorder{Reply: func(_ context.Context, q event.Question) (event.Answer, bool, error) {
			return event.Answer{Answer: q.Options[1]}, true, nil
		}}
		a := agenttest.NewAgent(t, agenttest.Script(ask, agenttest.Text("Blue it is.")), agent.Options{SessionID: "s_1", Client: &rec})
		if out := a.Run(t.Context(), "paint", agent.Turn{}); out.Status != event.StatusCompleted || out.Question != nil {
			t.Errorf("outcome %+v", out)
		}
		if got := agenttest.Results(a.History()); len(got) != 1 || got[0] != "blue" {
			t.Errorf("results %q", got)
		}
		q := rec.Questions()[0]
		if q.Question != "Which?" || q.SessionID != "s_1" || q.RequestKey == "" {
			t.Errorf("question %+v", q)
		}
	})
	t.Run("a dismissed question is an answer too", func(t *testing.T) {
		rec := agenttest.Recorder{Reply: func(context.Context, event.Question) (event.Answer, bool, error) {
			return event.Answer{Cancelled: true}, true, nil
		}}
		a := agenttest.NewAgent(t, agenttest.Script(ask, agenttest.Text("I guess.")), agent.Options{Client: &rec})
		if out := a.Run(t.Context(), "paint", agent.Turn{}); out.Status != event.StatusCompleted {
			t.Errorf("outcome %+v", out)
		}
		if got := agenttest.Results(a.History())[0]; got != "[error] the user dismissed the question" {
			t.Errorf("result %q", got)
		}
	})
	t.Run("a client that cannot: the next step answers", func(t *testing.T) {
		ran := false
		both := agenttest.Calls("", ask.Message.ToolCalls[0], agenttest.Call("m", "mark", "{}"))
		model := agenttest.Script(both, agenttest.Text("Red it is."))
		a := agenttest.NewAgent(t, model, agent.Options{}, agenttest.Marking("mark", &ran))
		out := a.Run(t.Context(), "paint", agent.Turn{})
		want := &event.TurnQuestion{Text: "Which?", Options: []string{"red", "blue"}}
		if diff := cmp.Diff(want, out.Question); diff != "" || out.Status != event.StatusWaiting || ran {
			t.Errorf("outcome %+v, ran on: %v\n%s", out, ran, diff)
		}
		if out := a.Run(t.Context(), "red", agent.Turn{}); out.Status != event.StatusCompleted || out.Question != nil {
			t.Errorf("outcome %+v", out)
		}
		sent := model.Requests()[1].Messages
		if last := sent[len(sent)-1]; last.Role != event.RoleUser || last.Content != "red" {
			t.Errorf("the answer came as %+v", last)
		}
		agenttest.CheckHistory(t, sent)
	})
	t.Run("cancelled while the user thinks", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		rec := agenttest.Recorder{Reply: func(ctx context.Context, _ event.Question) (event.Answer, bool, error) {
			cancel()
			<-ctx.Done()
			return event.Answer{}, false, context.Cause(ctx)
		}}
		a := agenttest.NewAgent(t, agenttest.Script(ask), agent.Options{Client: &rec})
		if out := a.Run(ctx, "paint", agent.Turn{}); out.Status != event.StatusCancelled || out.Question != nil {
			t.Errorf("outcome %+v", out)
		}
		agenttest.CheckHistory(t, a.History())
		agenttest.CheckEvents(t, rec.Events())
	})
}

func TestToolsSeeWhoCalls(t *testing.T) {
	var env tools.Env
	look := tools.New("look", "", func(_ context.Context, e tools.Env, _ struct{}) (tools.Result, error) {
		env = e
		return tools.Text("ok"), nil
	})
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calling("a", "look", "{}"), agenttest.Text("ok")), agent.Options{SessionID: "s_1", TaskID: "task_1"}, look)
	a.Run(t.Context(), "go", agent.Turn{})
	if env.Runtime != a.Runtime() || env.SessionID != "s_1" || env.TaskID != "task_1" || env.Ask == nil || env.Output == nil {
		t.Errorf("env %+v", env)
	}
}
