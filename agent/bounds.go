package agent

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pygent/pygent/runtime"
)

// spent is what a turn had used when its server ended.
type spent struct {
	steps int
	usage Usage
	time  time.Duration // until the user was asked
}

// deadline bounds ctx by what is left of the turn's time.
func (b Turn) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	left := b.Timeout
	if b.resumed != nil {
		left -= b.resumed.spent.time
	}
	return context.WithTimeoutCause(ctx, left, &runtime.TimeoutError{Limit: b.Timeout})
}

// started is the first event of a turn. It has the step's bounds, so that another
// server can go on within them, and what of them was used before this one.
func (b Turn) started() Event {
	e := Event{Kind: KindTurnStarted, Mode: b.Mode, MaxSteps: b.MaxSteps}
	limits := TurnLimits{TimeoutSeconds: b.Timeout.Seconds(), Tokens: b.Tokens, CostUSD: b.CostUSD}
	if limits != (TurnLimits{}) {
		e.Limits = &limits
	}
	if len(b.Dirty) > 0 {
		e.DirtyFiles = &b.Dirty
	}
	if r := b.resumed; r != nil {
		e.RequestKey, e.Steps, e.DurationSeconds = r.approval.RequestKey, r.spent.steps, r.spent.time.Seconds()
		if r.spent.usage != (Usage{}) {
			e.Usage = &r.spent.usage
		}
	}
	return e
}

// within is b bounded by those that the turn had before its server ended, too.
func (b Turn) within(kept Turn) Turn {
	b.MaxSteps = tighter(b.MaxSteps, kept.MaxSteps)
	b.Mode = stricter(b.Mode, kept.Mode)
	b.Timeout = tighter(b.Timeout, kept.Timeout)
	b.Tokens = tighter(b.Tokens, kept.Tokens)
	b.CostUSD = tighter(b.CostUSD, kept.CostUSD)
	b.Dirty = slices.Concat(b.Dirty, kept.Dirty)
	return b
}

// tighter is the smaller bound; 0 is none.
func tighter[T cmp.Ordered](a, b T) T {
	var none T
	if a == none || b == none {
		return max(a, b)
	}
	return min(a, b)
}

// underway is what a journal tells of the turn that its last server has left.
type underway struct {
	started Event
	mode    string    // the session's when it began
	dirty   *[]string // said to it meanwhile; nil: nothing was said of any
	spent   spent
}

// see follows the turn.
func (u *underway) see(e Event, session settings) {
	switch e.Kind {
	case KindTurnStarted:
		*u = underway{started: e, mode: session.Mode, dirty: u.dirty, spent: spent{steps: e.Steps, time: duration(e.DurationSeconds)}}
		if e.Usage != nil {
			u.spent.usage = *e.Usage
		}
	case KindMessage:
		if e.Role == RoleAssistant && !e.Partial {
			u.spent.steps++
		}
	case KindUsage:
		if e.Usage != nil {
			u.spent.usage = *e.Usage
		}
	case KindSteered:
		if e.DirtyFiles != nil {
			u.dirty = e.DirtyFiles
		}
	case KindApprovalRequested:
		u.spent.time = duration(u.started.DurationSeconds) + max(0, e.Time.Sub(u.started.Time))
	case KindTurnFinished:
		*u = underway{}
	}
}

// bounds are those of the turn with that id. Of one whose beginning is lost nothing
// is known: it asks at least.
func (u *underway) bounds(turnID string, session settings) Turn {
	e := u.started
	if e.TurnID != turnID {
		return Turn{Mode: stricter(session.Mode, ModeAsk)}
	}
	b := Turn{MaxSteps: e.MaxSteps, Mode: e.Mode}
	if l := e.Limits; l != nil {
		b.Timeout, b.Tokens, b.CostUSD = duration(l.TimeoutSeconds), l.Tokens, l.CostUSD
	}
	if d := cmp.Or(u.dirty, e.DirtyFiles); d != nil {
		b.Dirty = *d
	}
	return b
}
