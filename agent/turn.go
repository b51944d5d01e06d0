package agent

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/pygent/pygent/runtime"
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
}

// begin makes a turn and appends the user's message.
func (a *Agent) begin(ctx context.Context, message string, bounds Turn) *turn {
	if bounds.ID == "" {
		bounds.ID = newID("t")
	}
	if bounds.MaxSteps == 0 {
		bounds.MaxSteps = cmp.Or(a.opts.MaxSteps, DefaultMaxSteps)
	}
	t := &turn{Agent: a, bounds: bounds, out: Outcome{TurnID: bounds.ID, Changes: []runtime.Change{}}, told: map[string]bool{}}
	t.emit(ctx, Event{Kind: KindTurnStarted})
	if message != "" {
		t.append(Message{Role: RoleUser, Content: message})
		t.emit(ctx, Event{Kind: KindMessage, Role: RoleUser, Text: message})
	}
	return t
}

// emit numbers e and hands it to the client. A numbered event outlives ctx: that
// of a cancelled turn still has to arrive, and the client bounds the wait. A
// delta does not, so that a slow client cannot hold a cancel up.
func (t *turn) emit(ctx context.Context, e Event) {
	e.SessionID, e.TaskID, e.TurnID = t.opts.SessionID, t.opts.TaskID, t.bounds.ID
	e.Time = time.Now()
	if !e.Live() {
		t.mu.Lock()
		t.seq++
		e.Seq = t.seq
		t.mu.Unlock()
		ctx = context.WithoutCancel(ctx)
	}
	t.opts.Client.Event(ctx, e)
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
	t.history = append(t.history, m)
}

// round asks the model once and runs what it calls.
func (t *turn) round(ctx context.Context) (Message, error) {
	if limit := t.opts.StepTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &runtime.TimeoutError{Limit: limit})
		defer cancel()
	}
	if ctx.Err() != nil {
		return Message{}, t.stop(ctx)
	}
	t.out.Steps++
	reply, err := t.ask(ctx)
	if err != nil {
		return reply.Message, err
	}
	return reply.Message, t.calls(ctx, reply)
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
	switch {
	case err != nil:
		out.Status, out.Err, out.Question = StatusFailed, err, nil
		if t.stopped {
			out.Status = stopStatus(err)
		}
		t.breakOff(ctx)
	case out.Question != nil:
		out.Status = StatusWaiting
	case len(reply.ToolCalls) == 0 || t.endedBy != "":
		out.Status = StatusCompleted
	case t.overBudget():
		out.Status = StatusBudget
	case out.Steps >= t.bounds.MaxSteps:
		out.Status = StatusStepLimit
	default:
		return false
	}
	return true
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
	note := "[" + stopNote(t.out.Err) + "]"
	if !t.stopped {
		note = "[error] " + t.out.Err.Error()
	}
	if t.partial == "" {
		t.append(Message{Role: RoleAssistant, Content: note})
		return
	}
	text := t.partial + "\n" + note
	t.append(Message{Role: RoleAssistant, Content: text})
	t.emit(ctx, Event{Kind: KindMessage, Role: RoleAssistant, Text: text})
	t.out.Text = t.partial
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
	out := t.out
	usage := out.Usage
	e := Event{Kind: KindTurnFinished, Status: out.Status, Text: out.Text, Steps: out.Steps, Usage: &usage, Changes: out.Changes, Question: out.Question}
	switch {
	case out.Status == StatusFailed:
		e.Reason = out.Err.Error()
		e.Error = &ErrorDetail{Message: e.Reason}
		if t.bounds.Describe != nil {
			e.Error = t.bounds.Describe(out.Err)
		}
	case out.Err != nil:
		e.Reason = stopNote(out.Err)
	}
	t.emit(ctx, e)
	return out
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
