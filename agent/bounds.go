package agent

import (
	"context"
	"slices"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// deadline bounds ctx by the rest of the turn's time.
func (b Turn) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := event.Duration(b.Limits.TimeoutSeconds)
	if limit <= 0 {
		return context.WithCancel(ctx)
	}
	left := limit
	if b.Answered != nil {
		left -= b.Answered.Spent.Time
	}
	return context.WithTimeoutCause(ctx, left, &runtime.TimeoutError{Limit: limit})
}

// started is the first event of a turn. It has the step's bounds and what was
// used of them before this turn, so that another server can continue within them.
func (b Turn) started() event.Event {
	e := event.Event{Kind: event.KindTurnStarted, Mode: b.Mode, MaxSteps: b.MaxSteps}
	if b.Limits != (event.Limits{}) {
		e.Limits = &b.Limits
	}
	if len(b.Dirty) > 0 {
		e.DirtyFiles = &b.Dirty
	}
	if a := b.Answered; a != nil {
		e.RequestKey, e.Steps, e.DurationSeconds = a.Approval.RequestKey, a.Spent.Steps, a.Spent.Time.Seconds()
		if a.Spent.Usage != (event.Usage{}) {
			e.Usage = &a.Spent.Usage
		}
	}
	return e
}

// within returns b, also bounded by the bounds that the turn had before its
// server ended.
func (b Turn) within(kept conversation.Bounds) Turn {
	b.MaxSteps = event.Tighter(b.MaxSteps, kept.MaxSteps)
	b.Mode = b.Mode.Stricter(kept.Mode)
	b.Limits = b.Limits.Within(kept.Limits)
	b.Dirty = slices.Concat(b.Dirty, kept.Dirty)
	return b
}
