package chat

import (
	"testing"

	"github.com/pygent/pygent/agent"
)

func TestUsageIsTheSumOfTurns(t *testing.T) {
	cost := 0.25
	used := func(kind string, in, out int64) agent.Event {
		return agent.Event{Kind: kind, Usage: &agent.Usage{InputTokens: in, OutputTokens: out, CostUSD: &cost}}
	}
	var sum tally
	if got := sum.text(); got != "" {
		t.Errorf("nothing is %q", got)
	}
	for _, e := range []agent.Event{
		{Kind: agent.KindTurnStarted},
		used(agent.KindUsage, 100, 10),
		used(agent.KindUsage, 200, 20), // of both rounds
		used(agent.KindTurnFinished, 200, 20),
		{Kind: agent.KindTurnStarted},
		used(agent.KindUsage, 1000, 1), // killed here
		{Kind: agent.KindTurnStarted},
		used(agent.KindUsage, 500, 5),
	} {
		sum.event(e)
	}
	if got := sum.text(); got != "1.7k tokens, $0.75" {
		t.Errorf("sum %q", got)
	}
}
