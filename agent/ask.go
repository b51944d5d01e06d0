package agent

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/pygent/pygent/agent/event"
)

// ask streams one reply and sends its events.
func (t *turn) ask(ctx context.Context) (Reply, error) {
	reply, err := t.chat(ctx)
	if err != nil && ctx.Err() != nil {
		err = t.stop(ctx) // whatever error the model returned
	}
	reply.Message.Role, reply.Message.ToolCallID = event.RoleAssistant, ""
	t.addUsage(ctx, reply.Usage)
	if err != nil {
		t.partial, reply.Message.ToolCalls = reply.Message.Content, nil
		return reply, err
	}
	t.reportUnbounded(ctx, reply.Usage)
	reply.Message.ToolCalls = t.state().UniqueIDs(reply.Message.ToolCalls)
	text := reply.Message.Content
	if text != "" {
		t.out.Text = text
	}
	// An empty text is sent too: the calls that follow belong to it.
	t.send(ctx, replied(reply.Message))
	switch {
	case reply.Finish == FinishLength:
		t.notice(ctx, event.LevelWarning, "the reply was cut at the model's output limit")
	case reply.Finish == FinishFilter:
		t.notice(ctx, event.LevelWarning, "the reply was cut by the provider's content filter")
	case reply.Message.Content == "" && len(reply.Message.ToolCalls) == 0:
		t.notice(ctx, event.LevelWarning, "the model answered with nothing")
	}
	return reply, nil
}

// maxComing bounds the arguments in one message event, in bytes, because
// toolStarted repeats them.
const maxComing = 64 << 10

// replied is the record of a reply. It lists the calls when there are several: if
// the server is killed before one begins, the next server answers it. When the
// arguments are too long for the event, the journal has the whole reply.
func replied(m event.Message) event.Record {
	r := event.Record{Event: event.Event{Kind: event.KindMessage, Role: event.RoleAssistant, Text: m.Content}}
	if len(m.ToolCalls) < 2 {
		return r
	}
	room := maxComing
	for _, c := range m.ToolCalls {
		coming := event.ComingCall{CallID: c.ID, Tool: c.Name}
		if len(c.Arguments) <= room {
			coming.Arguments = c.Arguments
			room -= len(c.Arguments)
		} else {
			r.Reply = &m
		}
		r.Calls = append(r.Calls, coming)
	}
	return r
}

// chat calls the model. A panic in it fails only the turn.
func (t *turn) chat(ctx context.Context) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.notice(ctx, event.LevelError, fmt.Sprintf("the model panicked: %v\n%s", p, debug.Stack()))
			reply, err = Reply{}, fmt.Errorf("the model panicked: %v", p)
		}
	}()
	set, registry := t.InForce()
	t.tools = registry
	return t.model.Chat(ctx, Request{
		Model:    set.Model,
		Messages: t.state().Messages(),
		Tools:    registry.Specs(),
	}, func(d Delta) { t.delta(ctx, d) })
}

func (t *turn) delta(ctx context.Context, d Delta) {
	switch {
	case d.Text != "":
		t.emit(ctx, event.Event{Kind: event.KindTextDelta, Delta: d.Text})
	case d.Reasoning != "":
		t.emit(ctx, event.Event{Kind: event.KindReasoningDelta, Delta: d.Reasoning})
	case d.Retry != nil:
		t.emit(ctx, event.Event{
			Kind: event.KindRetrying, Attempt: d.Retry.Attempt, DelaySeconds: d.Retry.Delay.Seconds(), Reason: d.Retry.Reason,
		})
	}
}
