package agent

import (
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// maxRepeats bounds how often one identical call may fail in a row.
const maxRepeats = 5

// RepeatedFailureError ends a turn whose model repeats one failing call.
type RepeatedFailureError struct {
	Tool  string
	Times int
	Text  string // the last answer
}

func (e *RepeatedFailureError) Error() string {
	return fmt.Sprintf("the model repeated the same failing call of %s %d times: %s", e.Tool, e.Times, e.Text)
}

// repeating counts identical calls that fail in a row.
type repeating struct {
	name, arguments string
	times           int
}

func (r *repeating) add(call event.ToolCall, res tools.Result) error {
	switch {
	case !res.IsError:
		r.times = 0
		return nil
	case r.times > 0 && r.name == call.Name && r.arguments == call.Arguments:
		r.times++
	default:
		r.name, r.arguments, r.times = call.Name, call.Arguments, 1
	}
	if r.times < maxRepeats {
		return nil
	}
	text := res.Text
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + "…"
	}
	return &RepeatedFailureError{Tool: call.Name, Times: r.times, Text: text}
}
