package chat

import (
	"testing"

	"github.com/pygent/pygent/agent"
)

func TestUsageIsTheSumOfTurns(t *testing.T) {
	cost := 0.25
	used := func(kind, turn string, in, out int64) agent.Event {
		return agent.Event{Kind: kind, TurnID: turn, Usage: &agent.Usage{InputTokens: in, OutputTokens: out, CostUSD: &cost}}
	}
	var sum tally
	if got := sum.text(); got != "" {
		t.Errorf("nothing is %q", got)
	}
	for _, e := range []agent.Event{
		{Kind: agent.KindTurnStarted, TurnID: "1"},
		used(agent.KindUsage, "1", 100, 10),
		used(agent.KindUsage, "1", 200, 20), // of both rounds
		{Kind: agent.KindConfigured},
		{Kind: agent.KindTurnStarted, TurnID: "2"},
		used(agent.KindUsage, "2", 1000, 1),
		used(agent.KindTurnStarted, "3", 1000, 1), // another server goes on
		used(agent.KindUsage, "3", 1500, 6),
		{Kind: agent.KindTurnStarted, TurnID: "4"},
	} {
		sum.event(e)
	}
	if got := sum.text(); got != "1.7k tokens, $0.50" {
		t.Errorf("sum %q", got)
	}
}
