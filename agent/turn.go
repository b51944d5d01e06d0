package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// turn is the state of one turn while it runs.
type turn struct {
	*Agent
	bounds Turn

	out     Outcome
	endTurn bool      // a tool asked for the end
	failing repeating // guards against a model that repeats one failing call
	noCost  bool      // it was said that the provider reports no cost
}

func (a *Agent) newTurn(bounds Turn) *turn {
	return &turn{Agent: a, bounds: bounds, out: Outcome{TurnID: bounds.ID, Changes: []runtime.Change{}}}
}

// emit numbers e and hands it to the client. Delivery outlives ctx: an event of
// a cancelled turn still has to arrive, and the client bounds the wait.
func (t *turn) emit(ctx context.Context, e Event) {
	e.SessionID, e.TaskID, e.TurnID = t.opts.SessionID, t.opts.TaskID, t.bounds.ID
	e.Time = time.Now()
	if !e.Live() {
		t.mu.Lock()
		t.seq++
		e.Seq = t.seq
		t.mu.Unlock()
	}
	t.opts.Client.Event(context.WithoutCancel(ctx), e)
}

func (t *turn) append(m Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.history = append(t.history, m)
}

func (t *turn) user(ctx context.Context, text string) {
	t.append(Message{Role: RoleUser, Content: text})
	t.emit(ctx, Event{Kind: KindMessage, Role: RoleUser, Text: text})
}

// run does rounds until something ends the turn.
func (t *turn) run(ctx context.Context) Outcome {
	for {
		reply, err := t.round(ctx)
		switch {
		case err != nil:
			t.close(err)
			return t.end(statusOf(err), err)
		case t.out.Question != nil:
			return t.end(StatusWaiting, nil)
		case len(reply.ToolCalls) == 0 || t.endTurn:
			return t.end(StatusCompleted, nil)
		case t.overBudget():
			return t.end(StatusBudget, nil)
		case t.out.Steps >= t.bounds.MaxSteps:
			return t.end(StatusStepLimit, nil)
		}
	}
}

func (t *turn) end(status string, err error) Outcome {
	t.out.Status, t.out.Err = status, err
	return t.out
}

// close records in the history why the turn broke off, so that the model knows
// of it and the messages keep alternating, which some providers demand.
func (t *turn) close(err error) {
	note := "[error] " + err.Error()
	switch statusOf(err) {
	case StatusTimeout:
		note = "[" + err.Error() + "]"
	case StatusCancelled:
		note = "[cancelled by the user]"
	}
	t.append(Message{Role: RoleAssistant, Content: note})
}

// round asks the model once and runs what it calls.
func (t *turn) round(ctx context.Context) (Message, error) {
	if limit := t.opts.StepTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &runtime.TimeoutError{Limit: limit})
		defer cancel()
	}
	if ctx.Err() != nil {
		return Message{}, context.Cause(ctx)
	}
	t.out.Steps++
	reply, err := t.ask(ctx)
	if err != nil {
		return reply.Message, err
	}
	if len(reply.Message.ToolCalls) == 0 {
		return reply.Message, nil
	}
	return reply.Message, t.calls(ctx, reply)
}

// ask streams one reply and appends it to the history.
func (t *turn) ask(ctx context.Context) (Reply, error) {
	reply, err := t.model.Chat(ctx, Request{
		Model:    t.opts.ModelName,
		Messages: t.History(),
		Tools:    t.tools.Specs(),
	}, func(d Delta) { t.delta(ctx, d) })
	if ctx.Err() != nil && err != nil {
		err = context.Cause(ctx) // whatever the model made of it
	}
	reply.Message.Role = RoleAssistant
	t.addUsage(ctx, reply.Usage)
	text := reply.Message.Content
	if err != nil {
		if text != "" { // what the user saw streaming is what the model said
			t.append(Message{Role: RoleAssistant, Content: text + "\n[interrupted]"})
			t.emit(ctx, Event{Kind: KindMessage, Role: RoleAssistant, Text: text + "\n[interrupted]"})
			t.out.Text = text
		}
		return reply, err
	}
	reply.Message.ToolCalls = withIDs(reply.Message.ToolCalls, len(t.History()))
	t.append(reply.Message)
	if text != "" {
		t.out.Text = text
		t.emit(ctx, Event{Kind: KindMessage, Role: RoleAssistant, Text: text})
	}
	switch {
	case reply.Finish == FinishLength:
		t.notice(ctx, "warning", "the reply was cut at the model's output limit")
	case text == "" && len(reply.Message.ToolCalls) == 0:
		t.notice(ctx, "warning", "the model answered with nothing")
	}
	return reply, nil
}

func (t *turn) delta(ctx context.Context, d Delta) {
	switch {
	case d.Text != "":
		t.emit(ctx, Event{Kind: KindTextDelta, Delta: d.Text})
	case d.Reasoning != "":
		t.emit(ctx, Event{Kind: KindReasoningDelta, Delta: d.Reasoning})
	case d.Retry != nil:
		t.emit(ctx, Event{
			Kind: KindRetrying, Attempt: d.Retry.Attempt, DelaySeconds: d.Retry.Delay.Seconds(), Reason: d.Retry.Reason,
		})
	}
}

func (t *turn) notice(ctx context.Context, level, text string) {
	t.emit(ctx, Event{Kind: KindNotice, Level: level, Text: text})
}

func (t *turn) addUsage(ctx context.Context, u Usage) {
	if u == (Usage{}) {
		return
	}
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
	if t.bounds.CostUSD > 0 && sum.CostUSD == nil && !t.noCost {
		t.noCost = true
		t.notice(ctx, "warning", "limits.costUsd is not enforced: the provider does not report what a call costs")
	}
	total := *sum
	t.emit(ctx, Event{Kind: KindUsage, Usage: &total})
}

func (t *turn) overBudget() bool {
	u := t.out.Usage
	return t.bounds.Tokens > 0 && u.InputTokens+u.OutputTokens >= t.bounds.Tokens ||
		t.bounds.CostUSD > 0 && u.CostUSD != nil && *u.CostUSD >= t.bounds.CostUSD
}

// withIDs gives each call an id of its own where the provider left it out or
// used one twice. The ids depend only on the conversation, so that a recorded
// one plays again.
func withIDs(calls []ToolCall, position int) []ToolCall {
	seen := make(map[string]bool, len(calls))
	for i := range calls {
		if calls[i].ID == "" || seen[calls[i].ID] {
			calls[i].ID = fmt.Sprintf("call_%d_%d", position, i)
		}
		seen[calls[i].ID] = true
	}
	return calls
}

// calls runs the tool calls of a reply in order. Every call gets exactly one
// result, whatever happens: a conversation with an unanswered call is refused by
// the provider for ever.
func (t *turn) calls(ctx context.Context, reply Reply) error {
	var failed error
	for _, call := range reply.Message.ToolCalls {
		if failed == nil && ctx.Err() != nil {
			failed = context.Cause(ctx)
		}
		if failed != nil {
			t.skip(ctx, call, failed.Error())
			continue
		}
		if reply.Finish == FinishLength {
			t.skip(ctx, call, "the reply was cut at the model's output limit; send smaller pieces")
			continue
		}
		res := t.call(ctx, call)
		failed = t.failing.add(call, res)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failed
}

func (t *turn) skip(ctx context.Context, call ToolCall, why string) {
	text := "[error] not run: " + why
	t.append(Message{Role: RoleTool, ToolCallID: call.ID, Content: text})
	t.emit(ctx, Event{Kind: KindToolStarted, CallID: call.ID, Tool: call.Name, Arguments: call.Arguments})
	t.emit(ctx, Event{Kind: KindToolFinished, CallID: call.ID, Tool: call.Name, Text: text, IsError: true})
}

// call runs one tool and records its result.
func (t *turn) call(ctx context.Context, call ToolCall) tools.Result {
	t.emit(ctx, Event{Kind: KindToolStarted, CallID: call.ID, Tool: call.Name, Arguments: call.Arguments})
	started := time.Now()
	res := t.tools.Call(ctx, tools.Env{
		Runtime:   t.runtime,
		SessionID: t.opts.SessionID,
		TaskID:    t.opts.TaskID,
		Output:    func(delta string) { t.emit(ctx, Event{Kind: KindToolOutput, CallID: call.ID, Delta: delta}) },
		Ask:       t.askUser,
	}, call.Name, call.Arguments)
	res.Text = strings.ToValidUTF8(res.Text, "\uFFFD")
	t.append(Message{Role: RoleTool, ToolCallID: call.ID, Content: res.Text})
	t.emit(ctx, Event{
		Kind: KindToolFinished, CallID: call.ID, Tool: call.Name, Text: res.Text, IsError: res.IsError,
		ExitCode: res.ExitCode, Truncated: res.Truncated, DurationSeconds: time.Since(started).Seconds(),
	})
	for _, c := range res.Changes {
		t.out.Changes = merge(t.out.Changes, c)
		t.emit(ctx, Event{Kind: KindFileChanged, Path: c.Path, Change: c.Change, Added: c.Added, Removed: c.Removed})
	}
	if res.EndTurn {
		t.endTurn = true
	}
	if q := res.Question; q != nil && t.out.Question == nil {
		t.out.Question = &TurnQuestion{Text: q.Text, Options: q.Options}
	}
	return res
}

func (t *turn) askUser(ctx context.Context, question string, options []string) (string, bool, error) {
	answer, ok, err := t.opts.Client.AskUser(ctx, Question{
		RequestKey: newID("q"), SessionID: t.opts.SessionID, Question: question, Options: options,
	})
	if err != nil || !ok {
		return "", ok, err
	}
	if answer.Cancelled {
		return "", true, errors.New("the user dismissed the question")
	}
	return answer.Answer, true, nil
}

// merge adds c to the list of a turn's changes, one entry a path.
func merge(list []runtime.Change, c runtime.Change) []runtime.Change {
	i := slices.IndexFunc(list, func(old runtime.Change) bool { return old.Path == c.Path })
	if i < 0 {
		return append(list, c)
	}
	list[i].Added += c.Added
	list[i].Removed += c.Removed
	if list[i].Change == runtime.ChangeAdded && list[i].Removed > 0 {
		// Lines that the turn itself wrote and took away again never were there.
		list[i].Added -= list[i].Removed
		list[i].Removed = 0
	}
	return list
}
