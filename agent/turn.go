package agent

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tools"
)

// turn is the state of one turn while it runs.
type turn struct {
	*Agent
	bounds Turn

	out     Outcome
	partial string          // streamed text of a reply that broke off
	stopped bool            // a context ended the turn
	endedBy string          // the tool that ended the turn
	failing repeating       // stops a model that repeats one failing call
	told    map[string]bool // notices that are sent once a turn

	cancel context.CancelFunc // ends the turn as cancelled
	clock  *clock             // bounds this model round; nil is no bound

	tools    *tools.Registry // of this model round
	unlogged error           // an event could not be written to the journal
	planting *planting       // nil when watch is
	watch    *snapshot.Watch // nil: changes by commands are not seen
}

// begin makes a turn and appends the user's message.
func (a *Agent) begin(ctx context.Context, message string, bounds Turn) *turn {
	if bounds.ID == "" {
		bounds.ID = event.NewID("t")
	}
	started := bounds.started()
	bounds.MaxSteps = cmp.Or(bounds.MaxSteps, a.opts.MaxSteps, DefaultMaxSteps)
	t := &turn{Agent: a, bounds: bounds, out: Outcome{TurnID: bounds.ID, Changes: []runtime.Change{}}, told: map[string]bool{}}
	if given := bounds.Answered; given != nil {
		t.out.Steps, t.out.Usage = given.Spent.Steps, given.Spent.Usage
	} else {
		t.unlogged = a.EndUnfinished(ctx)
	}
	a.mu.Lock()
	notices := append(a.notices, a.undo.Notices()...)
	a.notices = nil
	a.mu.Unlock()
	t.emit(ctx, started)
	if t.watch = t.watchFiles(); t.watch != nil {
		t.planting = t.watchPlanting()
	}
	for _, text := range notices {
		t.notice(ctx, event.LevelWarning, text)
	}
	t.reportRuntime(ctx)
	if bounds.Answered == nil { // otherwise the results of the calls come first
		t.sendSteered(ctx, t.bounds.Steering.earlier(t.state().Unheard))
	}
	if message != "" {
		t.emit(ctx, event.Event{Kind: event.KindMessage, Role: event.RoleUser, Text: message})
	}
	return t
}

// EndUnfinished gives each unanswered call of another server its one result, as
// an event of its turn, because a new turn begins.
func (a *Agent) EndUnfinished(ctx context.Context) error {
	a.mu.Lock()
	begun := a.begun
	a.begun = true
	a.mu.Unlock()
	if begun {
		return nil
	}
	return SendUnfinished(ctx, a.log, a.base)
}

// emit sends an event of the turn. After the first event that cannot be written
// to the journal, the turn ends at the next place that leaves the history
// complete.
func (t *turn) emit(ctx context.Context, e event.Event) {
	if e.Live() {
		e.TurnID = t.bounds.ID
		t.log.Live(ctx, e)
		return
	}
	t.send(ctx, event.Record{Event: e})
}

// send is emit for an event with fields for the journal alone.
func (t *turn) send(ctx context.Context, r event.Record) {
	r.TurnID = t.bounds.ID
	if err := t.log.Send(ctx, r); err != nil && t.unlogged == nil {
		t.unlogged = err
	}
}

func (t *turn) notice(ctx context.Context, level event.Level, text string) {
	t.emit(ctx, event.Event{Kind: event.KindNotice, Level: level, Text: text})
}

// reportRuntime reports weaknesses of the containers, each once a session. Some
// are known only after the first command has made the containers.
func (t *turn) reportRuntime(ctx context.Context) {
	for _, rt := range []*runtime.Runtime{t.runtime, t.runtime.View()} {
		if rt == nil {
			continue
		}
		info := rt.Info()
		if info.Sandbox != runtime.SandboxContainer || info.Reason == "" {
			continue
		}
		t.mu.Lock()
		again := slices.Contains(t.weaknesses, info.Reason)
		if !again {
			t.weaknesses = append(t.weaknesses, info.Reason)
		}
		t.mu.Unlock()
		if !again {
			t.notice(ctx, event.LevelWarning, "this container is weaker than it could be: "+info.Reason)
		}
	}
}

// noticeOnce sends a notice once a turn for each text.
func (t *turn) noticeOnce(ctx context.Context, level event.Level, text string) {
	if !t.told[text] {
		t.told[text] = true
		t.notice(ctx, level, text)
	}
}

// round asks the model once and runs the calls of its reply.
func (t *turn) round(ctx context.Context) (event.Message, error) {
	ctx, cancel := t.bound(ctx)
	defer cancel()
	t.takeSteered(ctx, false)
	switch {
	case t.unlogged != nil:
		return event.Message{}, t.unlogged
	case ctx.Err() != nil:
		return event.Message{}, t.stop(ctx)
	}
	t.out.Steps++
	reply, err := t.ask(ctx)
	if err == nil {
		if t.bounds.Progress != nil {
			t.bounds.Progress(t.out.Steps, t.out.Usage)
		}
		err = t.calls(ctx, reply, nil)
	}
	if t.unlogged != nil {
		t.stopped, err = false, t.unlogged
	}
	return reply.Message, err
}

// bound starts the clock of a model round with its tools.
func (t *turn) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := t.opts.StepTimeout
	if limit <= 0 {
		return ctx, func() {}
	}
	var cancel context.CancelFunc
	t.clock, ctx, cancel = newClock(ctx, limit)
	return ctx, cancel
}

// stop notes that ctx ended the turn, not the model or a tool, and returns the
// cause.
func (t *turn) stop(ctx context.Context) error {
	t.stopped = true
	return context.Cause(ctx)
}

// settle decides after a round whether the turn has ended, and how.
func (t *turn) settle(ctx context.Context, reply event.Message, err error) bool {
	out := &t.out
	if err != nil {
		out.Status, out.Err, out.Question = event.StatusFailed, err, nil
		if t.stopped {
			out.Status = StopStatus(err)
		}
		t.takeSteered(ctx, true) // their messages come before the reason why the turn broke off
		t.breakOff(ctx)
		return true
	}
	out.Status = t.status(reply)
	if out.Status == "" {
		return false
	}
	if t.takeSteered(ctx, true) == 0 {
		return true
	}
	// A prompt that came last continues the turn, or answers the model's
	// question.
	if out.Status == event.StatusCompleted || out.Status == event.StatusWaiting {
		t.endedBy, out.Question = "", nil
		if out.Status = t.limit(); out.Status == "" {
			t.takeSteered(ctx, false)
		}
	}
	return out.Status != ""
}

// status returns the turn's status after a round without an error, "" when it
// continues.
func (t *turn) status(reply event.Message) event.Status {
	switch {
	case t.out.Question != nil:
		return event.StatusWaiting
	case len(reply.ToolCalls) == 0 || t.endedBy != "":
		return event.StatusCompleted
	default:
		return t.limit()
	}
}

// limit returns the status of a turn that must end, "" when it may continue.
func (t *turn) limit() event.Status {
	switch {
	case t.overBudget():
		return event.StatusBudget
	case t.out.Steps >= t.bounds.MaxSteps:
		return event.StatusStepLimit
	default:
		return ""
	}
}

// StopStatus returns the status of a turn whose context ended with cause.
func StopStatus(cause error) event.Status {
	var limit *runtime.TimeoutError
	if errors.As(cause, &limit) || errors.Is(cause, context.DeadlineExceeded) {
		return event.StatusTimeout
	}
	return event.StatusCancelled
}

// breakOff sends the text that the user saw streaming, with the reason why the
// turn broke off, as one message: the model then knows of it, and the roles keep
// alternating, as some providers demand. Without such a text, turnFinished gives
// the reason.
func (t *turn) breakOff(ctx context.Context) {
	if t.partial == "" {
		return
	}
	text := t.partial + "\n" + conversation.BreakNote(t.out.Status, t.reason())
	t.emit(ctx, event.Event{Kind: event.KindMessage, Role: event.RoleAssistant, Text: text, Partial: true})
	t.out.Text = t.partial
}

// reason words why the turn broke off, "" when it did not.
func (t *turn) reason() string {
	switch {
	case t.out.Err == nil:
		return ""
	case t.out.Status == event.StatusFailed:
		return t.out.Err.Error()
	default:
		return StopNote(t.out.Err)
	}
}

// StopNote words the cause of a context's end for the model and the client.
func StopNote(cause error) string {
	var limit *runtime.TimeoutError
	switch {
	case errors.As(cause, &limit):
		return limit.Error()
	case StopStatus(cause) == event.StatusTimeout:
		return "timeout"
	default:
		return "cancelled"
	}
}

// finish sends the turn's one terminal event.
func (t *turn) finish(ctx context.Context) Outcome {
	t.account(ctx)
	out := &t.out
	usage := out.Usage
	e := event.Event{Kind: event.KindTurnFinished, Status: out.Status, Text: out.Text, Steps: out.Steps, Usage: &usage, Changes: out.Changes, Question: out.Question}
	e.TurnID = t.bounds.ID
	t.describe(&e)
	_ = t.log.SendSynced(ctx, event.Record{Event: e}, func(e event.Event, err error) event.Event {
		if out.Status != event.StatusFailed {
			out.Status, out.Err, out.Question = event.StatusFailed, err, nil
			e.Status, e.Question = out.Status, nil
			t.describe(&e)
		}
		return e
	})
	return *out
}

// describe words an end that the model did not choose.
func (t *turn) describe(e *event.Event) {
	e.Reason = t.reason()
	if t.out.Status != event.StatusFailed {
		return
	}
	e.Error = &event.ErrorDetail{Message: e.Reason}
	if t.bounds.Describe != nil {
		e.Error = t.bounds.Describe(t.out.Err)
	}
}

func (t *turn) addUsage(ctx context.Context, u event.Usage) {
	sum := &t.out.Usage
	sum.InputTokens += u.InputTokens
	sum.OutputTokens += u.OutputTokens
	sum.CachedTokens += u.CachedTokens
	if u.CostUSD != nil {
		cost := *u.CostUSD
		if sum.CostUSD != nil {
			cost += *sum.CostUSD
		}
		sum.CostUSD = &cost
	}
	if u != (event.Usage{}) {
		total := *sum
		t.emit(ctx, event.Event{Kind: event.KindUsage, Usage: &total})
	}
}

// reportUnbounded says which limits cannot be enforced, because the provider does
// not report the usage of a whole reply.
func (t *turn) reportUnbounded(ctx context.Context, u event.Usage) {
	if t.bounds.Limits.CostUSD > 0 && u.CostUSD == nil {
		t.noticeOnce(ctx, event.LevelWarning, "limits.costUsd is not enforced: the provider does not report what a call costs")
	}
	if t.bounds.Limits.Tokens > 0 && u.InputTokens+u.OutputTokens == 0 {
		t.noticeOnce(ctx, event.LevelWarning, "limits.tokens is not enforced: the provider does not report what a call uses")
	}
}

func (t *turn) overBudget() bool {
	u, l := t.out.Usage, t.bounds.Limits
	return l.Tokens > 0 && u.InputTokens+u.OutputTokens >= l.Tokens ||
		l.CostUSD > 0 && u.CostUSD != nil && *u.CostUSD >= l.CostUSD
}
