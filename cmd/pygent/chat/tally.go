package chat

import (
	"fmt"

	"github.com/pygent/pygent/agent"
)

// tally adds up what a session has used. An event tells the sum of its turn.
type tally struct {
	before spent  // by other turns
	turn   spent  // by the last one
	id     string // of that
}

// spent is tokens in and out, and dollars where the provider says them.
type spent struct {
	tokens int64
	cost   float64
}

func (t *tally) event(e agent.Event) {
	if e.TurnID != "" && e.TurnID != t.id {
		t.id = e.TurnID
		if e.Usage == nil { // else it goes on with the last one, whose sum is in its own
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

// text is the sum for the status, "" for nothing.
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

// count is n things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
