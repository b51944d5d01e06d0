package chat

import (
	"testing"

	"github.com/pygent/pygent/agent/event"
)

func TestUsageIsTheSumOfTurns(t *testing.T) {
	cost := 0.25
	used := func(kind event.Kind, turn string, in, out int64) event.Event {
		return event.Event{Kind: kind, TurnID: turn, Usage: &event.Usage{InputTokens: in, OutputTokens: out, CostUSD: &cost}}
	}
	var sum tally
	if got := sum.text(); got != "" {
		t.Errorf("nothing is %q", got)
	}
	for _, e := range []event.Event{
		{Kind: event.KindTurnStarted, TurnID: "1"},
		used(event.KindUsage, "1", 100, 10),
		used(event.KindUsage, "1", 200, 20), // sum of both rounds
		{Kind: event.KindConfigured},
		{Kind: event.KindTurnStarted, TurnID: "2"},
		used(event.KindUsage, "2", 1000, 1),
		used(event.KindTurnStarted, "3", 1000, 1), // another server continues
		used(event.KindUsage, "3", 1500, 6),
		{Kind: event.KindTurnStarted, TurnID: "4"},
	} {
		sum.event(e)
	}
	if got := sum.text(); got != "1.7k tokens, $0.50" {
		t.Errorf("sum %q", got)
	}
}
