package agent

import (
	"context"
	"errors"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// started is the event of a call that begins.
func started(registry *tools.Registry, call event.ToolCall) event.Event {
	return labelled(registry, event.Event{Kind: event.KindToolStarted, CallID: call.ID, Tool: call.Name, Arguments: call.Arguments})
}

// labelled adds the tool's words to the event of a call that begins. The registry
// includes disabled tools; it may be nil.
func labelled(registry *tools.Registry, e event.Event) event.Event {
	if e.Kind == event.KindToolStarted {
		l := registry.Label(e.Tool, e.Arguments)
		e.Title, e.Detail, e.Terminal = approval.Visible(l.Title), approval.Visible(l.Detail), l.Terminal
	}
	return e
}

// SendUnfinished sends the events that end the open turn of another server: see
// State.Unfinished. Without a registry, the calls get no words of their tools.
func SendUnfinished(ctx context.Context, log *conversation.Log, registry *tools.Registry) error {
	var errs []error
	for _, e := range log.State().Unfinished() {
		errs = append(errs, log.Send(ctx, event.Record{Event: labelled(registry, e)}))
	}
	return errors.Join(errs...)
}
