package agent

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
)

// ask streams one reply and appends it to the history.
func (t *turn) ask(ctx context.Context) (Reply, error) {
	reply, err := t.chat(ctx)
	if err != nil && ctx.Err() != nil {
		err = t.stop(ctx) // whatever the model made of it
	}
	reply.Message.Role, reply.Message.ToolCallID = RoleAssistant, ""
	t.addUsage(ctx, reply.Usage)
	if err != nil {
		t.partial, reply.Message.ToolCalls = reply.Message.Content, nil
		return reply, err
	}
	t.tellUnbounded(ctx, reply.Usage)
	reply.Message.ToolCalls = t.ownIDs(reply.Message.ToolCalls)
	t.append(reply.Message)
	if text := reply.Message.Content; text != "" {
		t.out.Text = text
		t.emit(ctx, Event{Kind: KindMessage, Role: RoleAssistant, Text: text})
	}
	switch {
	case reply.Finish == FinishLength:
		t.notice(ctx, "warning", "the reply was cut at the model's output limit")
	case reply.Finish == FinishFilter:
		t.notice(ctx, "warning", "the reply was cut by the provider's content filter")
	case reply.Message.Content == "" && len(reply.Message.ToolCalls) == 0:
		t.notice(ctx, "warning", "the model answered with nothing")
	}
	return reply, nil
}

// chat calls the model. One that panics fails the turn and nothing else.
func (t *turn) chat(ctx context.Context) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.notice(ctx, "error", fmt.Sprintf("the model panicked: %v\n%s", p, debug.Stack()))
			reply, err = Reply{}, fmt.Errorf("the model panicked: %v", p)
		}
	}()
	return t.model.Chat(ctx, Request{
		Model:    t.opts.ModelName,
		Messages: t.History(),
		Tools:    t.tools.Specs(),
	}, func(d Delta) { t.delta(ctx, d) })
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

// ownIDs gives each call an id that no other call of the conversation has: some
// providers leave ids out, and some begin with the same ones in each reply. What
// is made up depends only on the conversation, so that a recorded one plays
// again. The calls are copied: the model may hold on to its own.
func (a *Agent) ownIDs(calls []ToolCall) []ToolCall {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls = slices.Clone(calls)
	for i := range calls {
		id := calls[i].ID
		for n := i; id == "" || a.callIDs[id]; n++ {
			id = fmt.Sprintf("call_%d_%d", len(a.history), n)
		}
		calls[i].ID = id
		a.callIDs[id] = true
	}
	return calls
}
