package agent

import (
	"context"
	"fmt"
	"runtime/debug"
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
	t.take(&reply.Message)
	text := reply.Message.Content
	if text != "" {
		t.out.Text = text
	}
	// Also without text: the calls that follow belong to it.
	t.emit(ctx, Event{Kind: KindMessage, Role: RoleAssistant, Text: text, Calls: coming(reply.Message.ToolCalls)})
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

// maxComing bounds the arguments in one message event, in bytes: they are written
// a second time when their calls begin.
const maxComing = 64 << 10

// coming lists the calls of a reply that has several: one that a server's death
// keeps from beginning is answered by the next server.
func coming(calls []ToolCall) []ComingCall {
	if len(calls) < 2 {
		return nil
	}
	list := make([]ComingCall, len(calls))
	room := maxComing
	for i, c := range calls {
		list[i] = ComingCall{CallID: c.ID, Tool: c.Name}
		if len(c.Arguments) <= room {
			list[i].Arguments = c.Arguments
			room -= len(c.Arguments)
		}
	}
	return list
}

// take appends a reply, its calls with ids of their own.
func (t *turn) take(m *Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.ToolCalls = t.history.ownIDs(m.ToolCalls)
	t.history.add(*m)
}

// chat calls the model. One that panics fails the turn and nothing else.
func (t *turn) chat(ctx context.Context) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.notice(ctx, "error", fmt.Sprintf("the model panicked: %v\n%s", p, debug.Stack()))
			reply, err = Reply{}, fmt.Errorf("the model panicked: %v", p)
		}
	}()
	set, registry := t.inForce()
	t.tools = registry
	return t.model.Chat(ctx, Request{
		Model:    set.Model,
		Messages: t.History(),
		Tools:    registry.Specs(),
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
