package chat

import (
	"fmt"

	"github.com/pygent/pygent/agent"
)

// tally adds up what a session has used. An event tells the sum of its turn.
type tally struct {
	before spent // by the turns that have ended
	turn   spent
}

// spent is tokens in and out, and dollars where the provider says them.
type spent struct {
	tokens int64
	cost   float64
}

func (t *tally) event(e agent.Event) {
	if u := e.Usage; u != nil {
		t.turn = spent{tokens: u.InputTokens + u.OutputTokens}
		if u.CostUSD != nil {
			t.turn.cost = *u.CostUSD
		}
	}
	if e.Kind == agent.KindTurnStarted || e.Kind == agent.KindTurnFinished {
		t.before, t.turn = spent{t.before.tokens + t.turn.tokens, t.before.cost + t.turn.cost}, spent{}
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
