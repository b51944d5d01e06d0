package tasks

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/runtime"
)

// Bounds of a task's texts in lists and notifications, in bytes.
const (
	briefPrompt = 1 << 10
	briefText   = 4 << 10
)

// statusAsks is the status of an interrupted task with an open approval.
const statusAsks = "interrupted while it asked for approval; agent/pendingRequests has the question, and its answer goes on with the task"

// brief shortens a task for lists and notifications, whose size must not depend
// on the length of its texts: tasks/status has them whole.
func brief(t Task) Task {
	t.Prompt, t.Text, t.Error = shorten(t.Prompt, briefPrompt), shorten(t.Text, briefText), shorten(t.Error, briefText)
	t.Status = shorten(t.Status, briefText)
	return t
}

// statusText has the reference's wording.
func statusText(out Outcome) string {
	switch out.State {
	case StateFailed:
		return "error: " + errorText(out)
	case StateTimeout:
		var limit *runtime.TimeoutError
		switch {
		case errors.As(out.Err, &limit):
			return limit.Error()
		case out.Err == nil, errors.Is(out.Err, context.DeadlineExceeded):
			return "timeout"
		}
		return errorText(out)
	case StateStepLimit:
		return fmt.Sprintf("step limit reached after %d steps", out.Steps)
	case StateBudget:
		return "token budget used up"
	default:
		return string(out.State)
	}
}

// errorText words why a turn broke off.
func errorText(out Outcome) string {
	switch {
	case out.Err == nil:
		return "unknown"
	case out.State == StateCancelled && errors.Is(out.Err, context.Canceled):
		return string(StateCancelled)
	default:
		return shorten(out.Err.Error(), maxText)
	}
}

// shorten keeps head and tail of s, at most most bytes.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	out := runtime.NewOutput(most)
	_, _ = out.Write([]byte(s)) // cannot fail
	return out.String()
}
