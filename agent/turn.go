package agent

import (
	"cmp"
	"context"
	"errors"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// turn is the state of one turn while it runs.
type turn struct {
	*Agent
	bounds Turn

	out     Outcome
	partial string          // streamed text of a reply that broke off
	stopped bool            // a context ended the turn
	endedBy string          // the tool that asked for the turn's end
	failing repeating       // guards against a model that repeats one failing call
	told    map[string]bool // notices that are given once a turn

	cancel context.CancelFunc // ends the turn as cancelled
	clock  *clock             // bounds this model round; nil is no bound

	tools    *tools.Registry // of this model round
	unlogged error           // an event could not be written to the journal
	watch    *watch          // nil: nobody sees what commands change
}

// begin makes a turn and appends the user's message.
func (a *Agent) begin(ctx context.Context, message string, bounds Turn) *turn {
	if bounds.ID == "" {
		bounds.ID = newID("t")
	}
	started := bounds.started()
	bounds.MaxSteps = cmp.Or(bounds.MaxSteps, a.opts.MaxSteps, DefaultMaxSteps)
	t := &turn{Agent: a, bounds: bounds, out: Outcome{TurnID: bounds.ID, Changes: []runtime.Change{}}, told: map[string]bool{}}
	if given := bounds.resumed; given != nil {
		t.out.Steps, t.out.Usage = given.spent.steps, given.spent.usage
	} else {
		t.unlogged = a.tellLeftover(ctx)
	}
	a.mu.Lock()
	if given := bounds.resumed; given != nil {
		a.history.markAgain(append(given.reverts, bounds.ID)...)
	} else {
		a.history.mark(bounds.ID)
	}
	notices := a.notices
	a.notices = nil
	a.mu.Unlock()
	t.emit(ctx, started)
	t.watch = t.watchFiles()
	for _, text := range notices {
		t.notice(ctx, "warning", text)
	}
	if bounds.resumed == nil { // else the answers of the calls come first
		t.hearSteered(ctx, t.takeUnheard())
	}
	if message != "" {
		t.hear(ctx, message)
	}
	return t
}

// hear appends a message of the user's.
func (t *turn) hear(ctx context.Context, message string) {
	t.append(Message{Role: RoleUser, Content: message})
	t.emit(ctx, Event{Kind: KindMessage, Role: RoleUser, Text: message})
}

// emit sends an event of the turn. The first that cannot be written to the
// journal ends the turn, at the next place where that leaves the history whole.
func (t *turn) emit(ctx context.Context, e Event) {
	e.TurnID = t.bounds.ID
	if e.Live() {
		t.log.live(ctx, e)
		return
	}
	if err := t.log.send(ctx, e); err != nil && t.unlogged == nil {
		t.unlogged = err
	}
}

func (t *turn) notice(ctx context.Context, level, text string) {
	t.emit(ctx, Event{Kind: KindNotice, Level: level, Text: text})
}

// noticeOnce is notice, once a turn for one text.
func (t *turn) noticeOnce(ctx context.Context, level, text string) {
	if !t.told[text] {
		t.told[text] = true
		t.notice(ctx, level, text)
	}
}

func (t *turn) append(m Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.history.add(m)
}

// round asks the model once and runs what it calls.
func (t *turn) round(ctx context.Context) (Message, error) {
	ctx, cancel := t.bound(ctx)
	defer cancel()
	t.hearMail(ctx, false)
	switch {
	case t.unlogged != nil:
		return Message{}, t.unlogged
	case ctx.Err() != nil:
		return Message{}, t.stop(ctx)
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

// bound begins the time that a model round with its tools may take.
func (t *turn) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := t.opts.StepTimeout
	if limit <= 0 {
		return ctx, func() {}
	}
	var cancel context.CancelFunc
	t.clock, ctx, cancel = newClock(ctx, limit)
	return ctx, cancel
}

// stop notes that ctx, and not the model or a tool, ended the turn, and returns
// why it did.
func (t *turn) stop(ctx context.Context) error {
	t.stopped = true
	return context.Cause(ctx)
}

// settle tells after a round whether the turn has ended, and how.
func (t *turn) settle(ctx context.Context, reply Message, err error) bool {
	out := &t.out
	if err != nil {
		out.Status, out.Err, out.Question = StatusFailed, err, nil
		if t.stopped {
			out.Status = stopStatus(err)
		}
		t.hearMail(ctx, true) // it belongs before the words on why the turn broke off
		t.breakOff(ctx)
		return true
	}
	out.Status = t.status(reply)
	if out.Status == "" {
		return false
	}
	if t.hearMail(ctx, true) == 0 {
		return true
	}
	// What was said in the last moment is a reason to go on, or the answer to the
	// model's question.
	if out.Status == StatusCompleted || out.Status == StatusWaiting {
		t.endedBy, out.Question = "", nil
		if out.Status = t.limit(); out.Status == "" {
			t.hearMail(ctx, false)
		}
	}
	return out.Status != ""
}

// status is that of the turn after a round without an error, "" when it goes on.
func (t *turn) status(reply Message) string {
	switch {
	case t.out.Question != nil:
		return StatusWaiting
	case len(reply.ToolCalls) == 0 || t.endedBy != "":
		return StatusCompleted
	default:
		return t.limit()
	}
}

// limit is the status of a turn that must not go on, "" when it may.
func (t *turn) limit() string {
	switch {
	case t.overBudget():
		return StatusBudget
	case t.out.Steps >= t.bounds.MaxSteps:
		return StatusStepLimit
	default:
		return ""
	}
}

// stopStatus names what the cause of a context's end means for a turn.
func stopStatus(cause error) string {
	var limit *runtime.TimeoutError
	if errors.As(cause, &limit) || errors.Is(cause, context.DeadlineExceeded) {
		return StatusTimeout
	}
	return StatusCancelled
}

// breakOff records in the history why the turn broke off, in one message with
// what the user saw streaming: the model then knows of it, and the roles keep
// alternating, which some providers demand.
func (t *turn) breakOff(ctx context.Context) {
	note := breakNote(t.out.Status, t.reason())
	if t.partial == "" {
		t.note(note)
		return
	}
	text := t.partial + "\n" + note
	t.append(Message{Role: RoleAssistant, Content: text})
	t.emit(ctx, Event{Kind: KindMessage, Role: RoleAssistant, Text: text, Partial: true})
	t.out.Text = t.partial
}

func (t *turn) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.history.note(text)
}

// reason words why the turn broke off, "" when it did not.
func (t *turn) reason() string {
	switch {
	case t.out.Err == nil:
		return ""
	case t.out.Status == StatusFailed:
		return t.out.Err.Error()
	default:
		return stopNote(t.out.Err)
	}
}

// stopNote words the cause of a context's end for the model and the client.
func stopNote(cause error) string {
	var limit *runtime.TimeoutError
	switch {
	case errors.As(cause, &limit):
		return limit.Error()
	case stopStatus(cause) == StatusTimeout:
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
	e := Event{Kind: KindTurnFinished, Status: out.Status, Text: out.Text, Steps: out.Steps, Usage: &usage, Changes: out.Changes, Question: out.Question}
	e.TurnID = t.bounds.ID
	t.describe(&e)
	err := t.log.sendEnd(ctx, e, func(e Event, err error) Event {
		if out.Status != StatusFailed {
			out.Status, out.Err, out.Question = StatusFailed, err, nil
			e.Status, e.Question = out.Status, nil
			t.describe(&e)
		}
		return e
	})
	if err != nil && t.partial == "" {
		t.note(breakNote(out.Status, t.reason()))
	}
	return *out
}

// describe words an end that is not the model's.
func (t *turn) describe(e *Event) {
	e.Reason = t.reason()
	if t.out.Status != StatusFailed {
		return
	}
	e.Error = &ErrorDetail{Message: e.Reason}
	if t.bounds.Describe != nil {
		e.Error = t.bounds.Describe(t.out.Err)
	}
}

func (t *turn) addUsage(ctx context.Context, u Usage) {
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
	if u != (Usage{}) {
		total := *sum
		t.emit(ctx, Event{Kind: KindUsage, Usage: &total})
	}
}

// tellUnbounded says which limits cannot be kept, because the provider does not
// report what a whole reply has used.
func (t *turn) tellUnbounded(ctx context.Context, u Usage) {
	if t.bounds.CostUSD > 0 && u.CostUSD == nil {
		t.noticeOnce(ctx, "warning", "limits.costUsd is not enforced: the provider does not report what a call costs")
	}
	if t.bounds.Tokens > 0 && u.InputTokens+u.OutputTokens == 0 {
		t.noticeOnce(ctx, "warning", "limits.tokens is not enforced: the provider does not report what a call uses")
	}
}

func (t *turn) overBudget() bool {
	u := t.out.Usage
	return t.bounds.Tokens > 0 && u.InputTokens+u.OutputTokens >= t.bounds.Tokens ||
		t.bounds.CostUSD > 0 && u.CostUSD != nil && *u.CostUSD >= t.bounds.CostUSD
}
