package agent

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// Bounds of repetitions without progress: equal calls in a row with equal results,
// or two calls that alternate.
const (
	repeatsTold = 3 // the result says so
	maxRepeats  = 5 // the turn ends
)

// RepeatedCallError ends a turn whose model makes no progress.
type RepeatedCallError struct {
	Tool  string
	Other string // the other of two alternating calls; "" for one repeated call
	Times int    // of each
	Text  string // the beginning of the last result
}

func (e *RepeatedCallError) Error() string {
	if e.Other != "" {
		return fmt.Sprintf("the model alternated between the same calls of %s and %s, %d times each, with the same results: %s", e.Other, e.Tool, e.Times, e.Text)
	}
	return fmt.Sprintf("the model repeated the same call of %s %d times with the same result: %s", e.Tool, e.Times, e.Text)
}

// guard finds calls that repeat with the same results. The zero value has seen no
// call.
type guard struct {
	last []seenCall // the newest is the last; at most 2*maxRepeats
}

// seenCall is a call with its result. Equal ones are a repetition.
type seenCall struct {
	tool string
	sum  [sha256.Size]byte // of arguments and result
}

// again says what a call repeats.
type again struct {
	note string // for the model, after the result; "" when there is nothing to say
	err  error  // ends the turn; nil when it goes on
}

// add takes a call with its whole result. A result that was waited for is no
// repetition: what the call looks at goes on meanwhile.
func (g *guard) add(call event.ToolCall, res tools.Result) again {
	if res.Waited {
		g.last = nil
		return again{}
	}
	if len(g.last) == 2*maxRepeats {
		g.last = append(g.last[:0], g.last[1:]...)
	}
	g.last = append(g.last, seenCall{call.Name, sha256.Sum256(fmt.Appendf(nil, "%s\x00%t\x00%s", canonical(call.Arguments), res.IsError, res.Text))})
	if n := g.run(1); n >= repeatsTold {
		return again{
			note: fmt.Sprintf("\n[the same call has given this result %d times in a row: do something else, or say what is in the way]", n),
			err:  g.verdict(n, "", res.Text),
		}
	}
	if n := g.run(2) / 2; n >= repeatsTold {
		return again{
			note: fmt.Sprintf("\n[the last two calls alternate and have given the same results %d times each: do something else, or say what is in the way]", n),
			err:  g.verdict(n, g.last[len(g.last)-2].tool, res.Text),
		}
	}
	return again{}
}

// run counts the calls at the end that are equal to the one step before them, and
// the first step of them. Two alternating calls differ.
func (g *guard) run(step int) int {
	n := len(g.last)
	if n <= step || step == 2 && g.last[n-1] == g.last[n-2] {
		return 0
	}
	count := step
	for i := n - 1; i >= step && g.last[i] == g.last[i-step]; i-- {
		count++
	}
	return count
}

func (g *guard) verdict(times int, other, text string) error {
	if times < maxRepeats {
		return nil
	}
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + "…"
	}
	return &RepeatedCallError{Tool: g.last[len(g.last)-1].tool, Other: other, Times: times, Text: text}
}
