package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

func TestStepIsOneRound(t *testing.T) {
	model := agenttest.Script(
		agenttest.Calls("Let me see.",
			agenttest.Call("a", "bash", map[string]any{"cmd": "ok"}),
			agenttest.Call("b", "echo", map[string]any{"text": "hi"})),
		agenttest.Text("Done."),
	)
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, model, agent.Options{SystemPrompt: "Be brief.", Client: &rec})
	reply, err := a.Step(t.Context(), "look")
	if err != nil || len(reply.ToolCalls) != 2 || reply.Content != "Let me see." {
		t.Fatalf("reply %+v, %v", reply, err)
	}
	if len(model.Requests()) != 1 {
		t.Fatalf("%d model calls, want 1", len(model.Requests()))
	}
	reply, err = a.Step(t.Context(), "") // continues with the tools' results
	if err != nil || reply.Content != "Done." {
		t.Fatalf("reply %+v, %v", reply, err)
	}
	want := []event.Message{
		{Role: event.RoleSystem, Content: "Be brief."},
		{Role: event.RoleUser, Content: "look"},
		{Role: event.RoleAssistant, Content: "Let me see.", ToolCalls: []event.ToolCall{
			{ID: "a", Name: "bash", Arguments: `{"cmd":"ok"}`}, {ID: "b", Name: "echo", Arguments: `{"text":"hi"}`},
		}},
		{Role: event.RoleTool, ToolCallID: "a", Content: "$ ok\nfine\n"},
		{Role: event.RoleTool, ToolCallID: "b", Content: "hi"},
		{Role: event.RoleAssistant, Content: "Done."},
	}
	if diff := cmp.Diff(want, a.History()); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:5], model.Requests()[1].Messages); diff != "" {
		t.Errorf("second request (-want +got):\n%s", diff)
	}
	agenttest.CheckEvents(t, rec.Events())
	ends := rec.Events(event.KindTurnFinished)
	if len(ends) != 2 || ends[0].Status != event.StatusStepLimit || ends[1].Status != event.StatusCompleted {
		t.Errorf("ends %+v", ends)
	}
}

func TestTextReplyEndsTheTurn(t *testing.T) {
	model := agenttest.Script(agenttest.Bash("a", "ok"), agenttest.Text("All is well."))
	a := agenttest.NewAgent(t, model, agent.Options{ModelName: "some-model"})
	out := a.Run(t.Context(), "check", agent.Turn{})
	if out.Status != event.StatusCompleted || out.Text != "All is well." || out.Steps != 2 || out.Err != nil {
		t.Errorf("outcome %+v", out)
	}
	if diff := cmp.Diff(event.Usage{InputTokens: 20, OutputTokens: 10}, out.Usage); diff != "" {
		t.Error(diff)
	}
	req := model.Requests()[0]
	if req.Model != "some-model" || len(req.Tools) != 6 || req.Tools[0].Name != "bash" {
		t.Errorf("request for %q with tools %v", req.Model, req.Tools)
	}
	agenttest.CheckHistory(t, a.History())
}

func TestStepLimitIsNotSuccess(t *testing.T) {
	forever := agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		return agenttest.Bash("", "ok"), nil
	})
	a := agenttest.NewAgent(t, forever, agent.Options{})
	for _, want := range []int{1, 3} {
		out := a.Run(t.Context(), "go on", agent.Turn{MaxSteps: want})
		if out.Status != event.StatusStepLimit || out.Steps != want || out.Err != nil {
			t.Errorf("outcome %+v", out)
		}
	}
	if out := a.Run(t.Context(), "go on", agent.Turn{}); out.Steps != agent.DefaultMaxSteps {
		t.Errorf("%d steps by default", out.Steps)
	}
	agenttest.CheckHistory(t, a.History())
}

func TestStopEndsTheTurn(t *testing.T) {
	model := agenttest.Script(agenttest.Calls("Bye.",
		agenttest.Call("a", "stop", "{}"), agenttest.Call("b", "write_file", map[string]any{"path": "late", "content": "x"})))
	a := agenttest.NewAgent(t, model, agent.Options{})
	out := a.Run(t.Context(), "stop", agent.Turn{})
	if out.Status != event.StatusCompleted || out.Text != "Bye." || len(out.Changes) != 0 {
		t.Errorf("outcome %+v", out)
	}
	if got := agenttest.Results(a.History()); len(got) != 2 || got[1] != "[error] not run: stop has ended the turn" {
		t.Errorf("results %q", got)
	}
	agenttest.CheckHistory(t, a.History())
}

func TestSystemPrompt(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts agent.Options
		want func(string) bool
	}{
		{"custom is verbatim", agent.Options{SystemPrompt: "  You are\na friendly bot \n"}, func(s string) bool { return s == "  You are\na friendly bot \n" }},
		{"default", agent.Options{}, func(s string) bool { return strings.HasPrefix(s, "You are Pygent") }},
		{"persona goes before", agent.Options{SystemPrompt: "Work.", Persona: "A tester."}, func(s string) bool { return s == "A tester.\n\nWork." }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model := agenttest.Script(agenttest.Text("Hello."))
			agenttest.NewAgent(t, model, tt.opts).Run(t.Context(), "hi", agent.Turn{})
			if got := model.Requests()[0].Messages[0]; got.Role != event.RoleSystem || !tt.want(got.Content) {
				t.Errorf("system message %+v", got)
			}
		})
	}
}

func TestFailureOfTheModel(t *testing.T) {
	provider := &agent.ProviderError{HTTPStatus: 500, Message: "no"}
	tests := []struct {
		name  string
		model agenttest.ChatFunc
		note  string // last message of the history
		text  string // the outcome's
	}{
		{"at once", func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			return agent.Reply{}, provider
		}, "[error] model: HTTP 500: no", ""},
		{"after partial text, which is kept", func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
			emit(agent.Delta{Text: "I beg"})
			return agent.Reply{Message: event.Message{Content: "I beg", ToolCalls: []event.ToolCall{{ID: "x", Name: "bash"}}}}, provider
		}, "I beg\n[error] model: HTTP 500: no", "I beg"},
		{"its own deadline is not the turn's", func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			return agent.Reply{}, context.DeadlineExceeded
		}, "[error] context deadline exceeded", ""},
		{"its own cancel is not the user's", func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			return agent.Reply{}, context.Canceled
		}, "[error] context canceled", ""},
		{
			"panic", func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) { panic("oh dear") },
			"[error] the model panicked: oh dear", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var rec agenttest.Recorder
			a := agenttest.NewAgent(t, agenttest.Script(tt.model, agenttest.Text("Again.")), agent.Options{Client: &rec})
			out := a.Run(t.Context(), "hi", agent.Turn{Describe: func(err error) *event.ErrorDetail {
				return &event.ErrorDetail{Code: 7, Message: err.Error()}
			}})
			if out.Status != event.StatusFailed || out.Err == nil || out.Text != tt.text {
				t.Errorf("outcome %+v", out)
			}
			h := a.History()
			if got := h[len(h)-1].Content; got != tt.note {
				t.Errorf("the history ends with %q, want %q", got, tt.note)
			}
			end := rec.Events(event.KindTurnFinished)[0]
			if end.Status != event.StatusFailed || end.Error == nil || end.Error.Code != 7 || end.Error.Message != out.Err.Error() {
				t.Errorf("terminal event %+v", end)
			}
			if again := a.Run(t.Context(), "hi again", agent.Turn{}); again.Status != event.StatusCompleted {
				t.Errorf("the next turn: %+v", again)
			}
			agenttest.CheckHistory(t, a.History())
			agenttest.CheckEvents(t, rec.Events())
		})
	}
}

func TestPartialReplyRunsNoTool(t *testing.T) {
	ran := false
	model := agenttest.Script(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		reply := agenttest.Calling("a", "mark", "{}")
		return reply, errors.New("the stream was cut")
	})
	a := agenttest.NewAgent(t, model, agent.Options{}, agenttest.Marking("mark", &ran))
	reply, err := a.Step(t.Context(), "hi")
	if err == nil || ran || len(reply.ToolCalls) != 0 {
		t.Errorf("reply %+v, %v, tool ran: %v", reply, err, ran)
	}
	agenttest.CheckHistory(t, a.History())
}

func TestCutRepliesAreSaid(t *testing.T) {
	for finish, notice := range map[string]string{
		agent.FinishLength: "cut at the model's output limit",
		agent.FinishFilter: "cut by the provider's content filter",
		agent.FinishStop:   "answered with nothing",
	} {
		var rec agenttest.Recorder
		reply := agenttest.Text("")
		reply.Finish = finish
		agenttest.NewAgent(t, agenttest.Script(reply), agent.Options{Client: &rec}).Run(t.Context(), "hi", agent.Turn{})
		got := rec.Events(event.KindNotice)
		if len(got) != 1 || got[0].Level != "warning" || !strings.Contains(got[0].Text, notice) {
			t.Errorf("finish %s: notices %+v", finish, got)
		}
	}
}

func TestChangesAreReportedOncePerPath(t *testing.T) {
	write := func(id, content string) agent.Reply {
		return agenttest.Calling(id, "write_file", map[string]any{"path": "a/b.txt", "content": content})
	}
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(write("1", "x\ny\n"), write("2", "x\nz\nw\n"), agenttest.Text("ok")), agent.Options{Client: &rec})
	out := a.Run(t.Context(), "write", agent.Turn{})
	want := []runtime.Change{{Path: "a/b.txt", Change: runtime.ChangeAdded, Added: 3}}
	if diff := cmp.Diff(want, out.Changes); diff != "" {
		t.Error(diff)
	}
	if got := rec.Events(event.KindFileChanged); len(got) != 2 || got[1].Change != runtime.ChangeModified {
		t.Errorf("events %+v", got)
	}
}

func TestPanicsAtConstruction(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New took no model")
		}
	}()
	agent.New(nil, agenttest.Registry(t), agenttest.NewRuntime(t), agent.Options{})
}
