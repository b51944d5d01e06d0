package agent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

func panicking() tools.Tool {
	return tools.New("panic", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) { panic("oh dear") })
}

// Each of these broke the loop of the original, or left a call without an
// answer, so that the provider refused every further request.
func TestEveryCallGetsOneResult(t *testing.T) {
	c := agenttest.Call
	cut := func(calls ...event.ToolCall) agent.Reply {
		r := agenttest.Calls("", calls...)
		r.Finish = agent.FinishLength
		return r
	}
	tests := []struct {
		name  string
		reply agent.Reply
		want  []string // beginnings of the results
	}{
		{"malformed arguments", agenttest.Calls("", c("a", "echo", `{"text":`)), []string{"[error] echo: arguments are not valid JSON"}},
		{"empty arguments", agenttest.Calls("", c("a", "echo", "")), []string{`[error] echo: argument "text" is missing`}},
		{"array arguments", agenttest.Calls("", c("a", "echo", `["x"]`)), []string{"[error] echo: arguments must be a JSON object"}},
		{"duplicate keys", agenttest.Calls("", c("a", "echo", `{"text":"1","text":"2"}`)), []string{`[error] echo: argument "text" is given twice`}},
		{"other case", agenttest.Calls("", c("a", "echo", `{"TEXT":"1"}`)), []string{`[error] echo: unknown argument "TEXT"`}},
		{"wrong type", agenttest.Calls("", c("a", "echo", `{"text":1}`)), []string{`[error] echo: argument "text" must be a JSON string`}},
		{"unknown tool", agenttest.Calls("", c("a", "ecko", `{}`)), []string{`[error] unknown tool "ecko"; there are bash`}},
		{"no name", agenttest.Calls("", c("a", "", `{}`)), []string{`[error] unknown tool ""`}},
		{"panic", agenttest.Calls("", c("a", "panic", `{}`), c("b", "echo", `{"text":"on"}`)), []string{"[error] tool panic panicked: oh dear", "on"}},
		{"repeated ids", agenttest.Calls("", c("a", "echo", `{"text":"1"}`), c("a", "echo", `{"text":"2"}`)), []string{"1", "2"}},
		{"empty ids", agenttest.Calls("", c("", "echo", `{"text":"1"}`), c("", "echo", `{"text":"2"}`)), []string{"1", "2"}},
		{"ids like made-up ones", agenttest.Calls("", c("call_2_1", "echo", `{"text":"1"}`), c("", "echo", `{"text":"2"}`)), []string{"1", "2"}},
		{"cut reply", cut(c("a", "mark", `{}`), c("b", "echo", `{"text":"x"}`)), []string{"[error] not run: the reply was cut", "[error] not run: the reply was cut"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ran := false
			var rec agenttest.Recorder
			model := agenttest.Script(tt.reply, agenttest.Text("I see."))
			a := agenttest.NewAgent(t, model, agent.Options{Client: &rec}, panicking(), agenttest.Marking("mark", &ran))
			if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
				t.Errorf("outcome %+v", out)
			}
			got := agenttest.Results(a.History())
			if len(got) != len(tt.want) {
				t.Fatalf("results %q", got)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("result %d is %q, want it to begin %q", i, got[i], want)
				}
			}
			if ran {
				t.Error("a call of a cut reply was run")
			}
			agenttest.CheckHistory(t, a.History())
			agenttest.CheckHistory(t, model.Requests()[1].Messages)
			agenttest.CheckEvents(t, rec.Events())
		})
	}
}

func TestIdsRepeatedInEachReply(t *testing.T) {
	// Some providers begin to count in each reply.
	model := agenttest.Script(agenttest.Bash("call_0", "ok"), agenttest.Bash("call_0", "ok"), agenttest.Bash("call_0", "ok"), agenttest.Text("ok"))
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, model, agent.Options{Client: &rec})
	a.Run(t.Context(), "go", agent.Turn{})
	agenttest.CheckHistory(t, a.History())
	agenttest.CheckEvents(t, rec.Events())
}

func TestModelsOwnCallsAreNotChanged(t *testing.T) {
	reply := agenttest.Bash("", "ok") // one reply for all agents, as a replay has it
	model := agenttest.Func(func(_ context.Context, req agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
		if len(req.Messages) > 3 {
			return agenttest.Text("ok"), nil
		}
		return reply, nil
	})
	agenttest.NewAgent(t, model, agent.Options{}).Run(t.Context(), "go", agent.Turn{})
	if reply.Message.ToolCalls[0].ID != "" {
		t.Errorf("the model's reply was changed: %+v", reply.Message.ToolCalls)
	}
}

func TestPanicsStackIsForPeopleOnly(t *testing.T) {
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calling("a", "panic", "{}"), agenttest.Text("ok")), agent.Options{Client: &rec}, panicking())
	a.Run(t.Context(), "go", agent.Turn{})
	if got := agenttest.Results(a.History())[0]; got != "[error] tool panic panicked: oh dear" {
		t.Errorf("the model reads %q", got)
	}
	notices := rec.Events(event.KindNotice)
	if len(notices) != 1 || notices[0].Level != "error" || !strings.Contains(notices[0].Text, "calls_test.go") {
		t.Errorf("notices %+v", notices)
	}
}

func TestRepeatedFailureIsStoppedAtFive(t *testing.T) {
	var rec agenttest.Recorder
	same := agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		return agenttest.Bash("", "no-such-command"), nil
	})
	a := agenttest.NewAgent(t, same, agent.Options{Client: &rec})
	out := a.Run(t.Context(), "go", agent.Turn{})
	var repeated *agent.RepeatedFailureError
	if out.Status != event.StatusFailed || out.Steps != 5 || !errors.As(out.Err, &repeated) || repeated.Times != 5 || repeated.Tool != "bash" {
		t.Errorf("outcome %+v", out)
	}
	agenttest.CheckHistory(t, a.History())
	agenttest.CheckEvents(t, rec.Events())
}

func TestRepeatedFailureInOneReplyAnswersTheRest(t *testing.T) {
	calls := make([]event.ToolCall, 7)
	for i := range calls {
		calls[i] = agenttest.Call("", "nope", "{}")
	}
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calls("", calls...)), agent.Options{})
	if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusFailed {
		t.Errorf("outcome %+v", out)
	}
	got := agenttest.Results(a.History())
	if len(got) != 7 || !strings.HasPrefix(got[4], "[error] unknown tool") || !strings.HasPrefix(got[5], "[error] not run: ") {
		t.Errorf("results %q", got)
	}
	agenttest.CheckHistory(t, a.History())
}

func TestOtherCallsBetweenFailuresAreNoRepetition(t *testing.T) {
	var entries []any
	for i := range 12 {
		entries = append(entries, agenttest.Bash("", fmt.Sprintf("bad-%d", i%2)))
	}
	a := agenttest.NewAgent(t, agenttest.Script(append(entries, agenttest.Text("ok"))...), agent.Options{})
	if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
		t.Errorf("outcome %+v", out)
	}
}

func TestCancelBetweenCalls(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := false
	cancelling := tools.New("cancel", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) {
		cancel()
		return tools.Text("done"), nil
	})
	var rec agenttest.Recorder
	model := agenttest.Script(agenttest.Calls("", agenttest.Call("a", "cancel", "{}"), agenttest.Call("b", "mark", "{}"), agenttest.Call("c", "mark", "{}")))
	a := agenttest.NewAgent(t, model, agent.Options{Client: &rec}, cancelling, agenttest.Marking("mark", &ran))
	out := a.Run(ctx, "go", agent.Turn{})
	if out.Status != event.StatusCancelled || ran {
		t.Errorf("outcome %+v, ran on: %v", out, ran)
	}
	want := []string{"done", "[error] not run: cancelled", "[error] not run: cancelled"}
	if diff := cmp.Diff(want, agenttest.Results(a.History())); diff != "" {
		t.Error(diff)
	}
	agenttest.CheckHistory(t, a.History())
	agenttest.CheckEvents(t, rec.Events())
}

func TestCancelDuringACallWaitsForItsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := false
	lingering := tools.New("linger", "", func(ctx context.Context, _ tools.Env, _ struct{}) (tools.Result, error) {
		cancel()
		<-ctx.Done()
		time.Sleep(10 * time.Millisecond) // a side effect that takes its time to end
		ended = true
		return tools.Result{}, context.Cause(ctx)
	})
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calling("a", "linger", "{}")), agent.Options{}, lingering)
	out := a.Run(ctx, "go", agent.Turn{})
	if out.Status != event.StatusCancelled || !ended {
		t.Errorf("outcome %+v, side effect ended: %v", out, ended)
	}
	h := a.History()
	if last := h[len(h)-1]; last.Role != event.RoleAssistant || last.Content != "[cancelled]" {
		t.Errorf("the history ends with %+v", last)
	}
	agenttest.CheckHistory(t, h)
}

func TestLateOutputIsDropped(t *testing.T) {
	var late func(string)
	leaking := tools.New("leak", "", func(_ context.Context, env tools.Env, _ struct{}) (tools.Result, error) {
		env.Output("in time")
		late = env.Output
		return tools.Text("done"), nil
	})
	var rec agenttest.Recorder
	model := agenttest.Script(agenttest.Calling("a", "leak", "{}"), func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		late("too late")
		return agenttest.Text("ok"), nil
	})
	agenttest.NewAgent(t, model, agent.Options{Client: &rec}, leaking).Run(t.Context(), "go", agent.Turn{})
	if got := rec.Text(event.KindToolOutput); got != "in time" {
		t.Errorf("output %q", got)
	}
	agenttest.CheckEvents(t, rec.Events())
}

func TestHugeResultIsBoundedAndSaid(t *testing.T) {
	huge := tools.New("huge", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) {
		return tools.Result{Text: "head" + strings.Repeat("x\xff", 4<<20) + "tail"}, nil
	})
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calling("a", "huge", "{}"), agenttest.Text("ok")), agent.Options{Client: &rec}, huge)
	a.Run(t.Context(), "go", agent.Turn{})
	got := agenttest.Results(a.History())[0]
	if len(got) > 4<<20 || !strings.HasPrefix(got, "head") || !strings.HasSuffix(got, "tail") || !strings.Contains(got, "bytes omitted") {
		t.Errorf("%d bytes: %.20q", len(got), got)
	}
	if !rec.Events(event.KindToolFinished)[0].Truncated {
		t.Error("the event does not say that the result was cut")
	}
}
