package agent

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pygent/pygent/agent/event"
)

// ask streams one reply and sends its events. A model that answers with nothing is
// asked once more.
func (t *turn) ask(ctx context.Context) (Reply, error) {
	reply, err := t.listen(ctx)
	if err != nil && !t.stopped && t.refusesImages(ctx, err) {
		reply, err = t.listen(ctx)
	}
	if err == nil && isEmpty(reply) && ctx.Err() == nil && !t.overBudget() {
		t.reportCut(ctx, reply)
		t.notice(ctx, event.LevelWarning, "the model answered with nothing and is asked once more")
		reply, err = t.listen(ctx)
	}
	if err == nil && isEmpty(reply) && !t.overBudget() {
		reply.Message.Content, err = "", ErrEmptyReply
	}
	if err != nil {
		t.partial, reply.Message.ToolCalls = reply.Message.Content, nil
		return reply, err
	}
	t.reportUnbounded(ctx, reply.Usage)
	reply.Message.ToolCalls = t.state().UniqueIDs(reply.Message.ToolCalls)
	for i, call := range reply.Message.ToolCalls {
		// Here, so that all that follows has one form: events, approvals and rules, and
		// the history, in which the model sees the names that the schema has.
		reply.Message.ToolCalls[i].Arguments = t.tools.Canonical(call.Name, call.Arguments)
	}
	if text := reply.Message.Content; text != "" {
		t.out.Text = text
	}
	// An empty text is sent too: the calls that follow belong to it.
	t.send(ctx, replied(reply.Message))
	t.reportCut(ctx, reply)
	return reply, nil
}

func (t *turn) reportCut(ctx context.Context, reply Reply) {
	switch reply.Finish {
	case FinishLength:
		t.notice(ctx, event.LevelWarning, "the reply was cut at the model's output limit")
	case FinishFilter:
		t.notice(ctx, event.LevelWarning, "the reply was cut by the provider's content filter")
	}
}

// listen streams one reply and counts what it used.
func (t *turn) listen(ctx context.Context) (Reply, error) {
	reply, err := t.chat(ctx)
	if err != nil && ctx.Err() != nil {
		err = t.stop(ctx) // whatever error the model returned
	}
	reply.Message.Role, reply.Message.ToolCallID = event.RoleAssistant, ""
	t.addUsage(ctx, reply.Usage)
	return reply, err
}

// isEmpty reports whether a reply has neither text nor calls.
func isEmpty(r Reply) bool {
	return len(r.Message.ToolCalls) == 0 && strings.TrimSpace(r.Message.Content) == ""
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
	t.progress = progress{}
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
	case d.Call.Tool != "":
		if t.progress.due(d.Call, time.Now()) {
			t.emit(ctx, event.Event{Kind: event.KindToolProgress, Tool: d.Call.Tool, CallID: t.state().Unused(d.Call.ID), Bytes: int64(d.Call.Bytes)})
		}
	case d.Retry != nil:
		t.progress = progress{}
		t.emit(ctx, event.Event{
			Kind: event.KindRetrying, Attempt: d.Retry.Attempt, DelaySeconds: d.Retry.Delay.Seconds(), Reason: d.Retry.Reason,
		})
	}
}
