package chat

import (
	"fmt"

	"github.com/pygent/pygent/agent/event"
)

// tally adds up a session's usage. A usage event has the sum of its turn.
type tally struct {
	before spent  // usage of earlier turns
	turn   spent  // usage of the last turn
	id     string // of the last turn
}

// spent is tokens in and out, and dollars if the provider reports them.
type spent struct {
	tokens int64
	cost   float64
}

func (t *tally) event(e event.Event) {
	if e.TurnID != "" && e.TurnID != t.id {
		t.id = e.TurnID
		if e.Usage == nil { // else the turn continues the last one and includes its sum
			t.before, t.turn = spent{t.before.tokens + t.turn.tokens, t.before.cost + t.turn.cost}, spent{}
		}
	}
	if u := e.Usage; u != nil {
		t.turn = spent{tokens: u.InputTokens + u.OutputTokens}
		if u.CostUSD != nil {
			t.turn.cost = *u.CostUSD
		}
	}
}

// text returns the sum for the status line, "" for zero.
func (t *tally) text() string {
	tokens, cost := t.before.tokens+t.turn.tokens, t.before.cost+t.turn.cost
	switch {
	case cost > 0:
		return fmt.Sprintf("%s tokens, $%.2f", thousands(tokens), cost)
	case tokens > 0:
		return thousands(tokens) + " tokens"
	}
	return ""
}

func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%.1fk", float64(n)/1000)
}

// count returns "1 thing" or "n things".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
