package agent_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

func costing(r agent.Reply, usd float64) agent.Reply {
	r.Usage.CostUSD = &usd
	return r
}

func using(r agent.Reply, u event.Usage) agent.Reply {
	r.Usage = u
	return r
}

func TestBudget(t *testing.T) {
	step := func() agent.Reply { return agenttest.Bash("", "ok") } // 10 tokens in, 5 out
	tests := []struct {
		name    string
		entries []any
		bounds  agent.Turn
		status  event.Status
		steps   int
		notice  string
	}{
		{"tokens of all calls count, input and output", []any{step(), step(), step()}, agent.Turn{Limits: event.Limits{Tokens: 30}}, event.StatusBudget, 2, ""},
		{"an answer that is there is no failure", []any{step(), agenttest.Text("ok")}, agent.Turn{Limits: event.Limits{Tokens: 30}}, event.StatusCompleted, 2, ""},
		{"cost", []any{costing(step(), 0.3), costing(step(), 0.3), step()}, agent.Turn{Limits: event.Limits{CostUSD: 0.5}}, event.StatusBudget, 2, ""},
		{"cost that nobody reports is said", []any{step(), step(), agenttest.Text("ok")}, agent.Turn{Limits: event.Limits{CostUSD: 0.5}}, event.StatusCompleted, 3, "limits.costUsd is not enforced"},
		{"tokens that nobody reports are said", []any{using(step(), event.Usage{}), using(agenttest.Text("ok"), event.Usage{})}, agent.Turn{Limits: event.Limits{Tokens: 1}}, event.StatusCompleted, 2, "limits.tokens is not enforced"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var rec agenttest.Recorder
			a := agenttest.NewAgent(t, agenttest.Script(tt.entries...), agent.Options{Client: &rec})
			out := a.Run(t.Context(), "go", tt.bounds)
			if out.Status != tt.status || out.Steps != tt.steps || out.Err != nil {
				t.Errorf("outcome %+v", out)
			}
			notices := rec.Events(event.KindNotice)
			if tt.notice == "" && len(notices) != 0 || tt.notice != "" && (len(notices) != 1 || !strings.HasPrefix(notices[0].Text, tt.notice)) {
				t.Errorf("notices %+v", notices)
			}
			agenttest.CheckHistory(t, a.History())
			agenttest.CheckEvents(t, rec.Events())
		})
	}
}

func TestUsageIsSummedPerTurn(t *testing.T) {
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(
		costing(agenttest.Bash("", "ok"), 0.25),
		costing(using(agenttest.Text("ok"), event.Usage{InputTokens: 20, OutputTokens: 1, CachedTokens: 15}), 0.5),
		agenttest.Text("again"),
	), agent.Options{Client: &rec})
	out := a.Run(t.Context(), "go", agent.Turn{})
	u := out.Usage
	if u.InputTokens != 30 || u.OutputTokens != 6 || u.CachedTokens != 15 || u.CostUSD == nil || *u.CostUSD != 0.75 {
		t.Errorf("usage %+v", u)
	}
	events := rec.Events(event.KindUsage)
	if len(events) != 2 || events[0].Usage.InputTokens != 10 || *events[0].Usage.CostUSD != 0.25 || events[1].Usage.InputTokens != 30 {
		t.Errorf("events %+v", events)
	}
	if out := a.Run(t.Context(), "again", agent.Turn{}); out.Usage.InputTokens != 10 {
		t.Errorf("the second turn's usage: %+v", out.Usage)
	}
}
