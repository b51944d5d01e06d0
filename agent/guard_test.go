package agent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

type pollIn struct {
	Wait float64 `json:"wait,omitempty"`
}

// polling answers each call with the next of results, and then with the last.
func polling(results ...string) tools.Tool {
	return tools.New("poll", "", func(_ context.Context, _ tools.Env, in pollIn) (tools.Result, error) {
		res := tools.Text("%s", results[0])
		res.Waited = in.Wait > 0
		if len(results) > 1 {
			results = results[1:]
		}
		return res, nil
	}, tools.OnlyReads)
}

// Each case plays its calls one a reply, over and over.
func TestRepetitionsEndTheTurn(t *testing.T) {
	c := agenttest.Call
	steps := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprint("step ", i))
		}
		return list
	}
	tests := []struct {
		name    string
		calls   []event.ToolCall
		results []string // of the tool poll
		status  event.Status
		steps   int
		told    []int // the results that say so, from 0
		text    string
	}{
		{"the same success", []event.ToolCall{c("", "echo", `{"text":"x"}`)}, nil, event.StatusFailed, 5, []int{2, 3, 4}, "same call of echo 5 times with the same result: x"},
		{"the same failure", []event.ToolCall{c("", "bash", `{"cmd":"no-such-command"}`)}, nil, event.StatusFailed, 5, []int{2, 3, 4}, "same call of bash 5 times"},
		{"other white space and order", []event.ToolCall{c("", "bash", `{"cmd":"ok","timeout":9}`), c("", "bash", `{ "timeout": 9, "cmd": "ok" }`)}, nil, event.StatusFailed, 5, []int{2, 3, 4}, "same call of bash 5 times"},
		{"two that alternate", []event.ToolCall{c("", "echo", `{"text":"x"}`), c("", "bash", `{"cmd":"ok"}`)}, nil, event.StatusFailed, 10, []int{5, 6, 7, 8, 9}, "alternated between the same calls of echo and bash, 5 times each"},
		{"three in turn", []event.ToolCall{c("", "echo", `{"text":"x"}`), c("", "echo", `{"text":"y"}`), c("", "echo", `{"text":"z"}`)}, nil, event.StatusStepLimit, 20, nil, ""},
		{"another one after every fourth", []event.ToolCall{c("", "echo", `{"text":"x"}`), c("", "echo", `{"text":"x"}`), c("", "echo", `{"text":"x"}`), c("", "echo", `{"text":"x"}`), c("", "echo", `{"text":"y"}`)}, nil, event.StatusStepLimit, 20, []int{2, 3, 7, 8, 12, 13, 17, 18}, ""},
		{"new results", []event.ToolCall{c("", "poll", `{}`)}, steps(30), event.StatusStepLimit, 20, nil, ""},
		{"polling without a wait", []event.ToolCall{c("", "poll", `{}`)}, []string{"running"}, event.StatusFailed, 5, []int{2, 3, 4}, "same call of poll 5 times"},
		{"waiting for the same", []event.ToolCall{c("", "poll", `{"wait":1}`)}, []string{"running"}, event.StatusStepLimit, 20, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			model := agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
				n++
				return agenttest.Calls("", tt.calls[(n-1)%len(tt.calls)]), nil
			})
			var rec agenttest.Recorder
			a := agenttest.NewAgent(t, model, agent.Options{Client: &rec}, polling(tt.results...))
			out := a.Run(t.Context(), "go", agent.Turn{MaxSteps: 20})
			var repeated *agent.RepeatedCallError
			if out.Status != tt.status || out.Steps != tt.steps || errors.As(out.Err, &repeated) != (tt.status == event.StatusFailed) {
				t.Errorf("outcome %+v", out)
			}
			if repeated != nil && !strings.Contains(repeated.Error(), tt.text) {
				t.Errorf("error %q, want %q in it", repeated, tt.text)
			}
			var told []int
			for i, text := range agenttest.Results(a.History()) {
				if strings.Contains(text, "do something else, or say what is in the way]") {
					told = append(told, i)
				}
			}
			if diff := cmp.Diff(tt.told, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			agenttest.CheckHistory(t, a.History())
			agenttest.CheckEvents(t, rec.Events())
		})
	}
}

func TestRepetitionInOneReplyAnswersTheRest(t *testing.T) {
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

// Repetitions are counted within a turn: the user may ask for the same again.
func TestRepetitionsEndWithTheTurn(t *testing.T) {
	var entries []any
	for range 4 {
		entries = append(entries, agenttest.Bash("", "ok"), agenttest.Bash("", "ok"), agenttest.Text("done"))
	}
	a := agenttest.NewAgent(t, agenttest.Script(entries...), agent.Options{})
	for range 4 {
		if out := a.Run(t.Context(), "again", agent.Turn{}); out.Status != event.StatusCompleted {
			t.Errorf("outcome %+v", out)
		}
	}
}
