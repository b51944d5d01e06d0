package agent

import (
	"context"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// Request is the input of a Model: the whole conversation, oldest first, and the
// tools that the reply may call.
type Request struct {
	Model    string // name of the model; "" is the Model's own default
	Messages []event.Message
	Tools    []tools.Spec
}

// Delta is a piece of a reply as it streams. Exactly one field is set.
type Delta struct {
	Text      string
	Reasoning string
	Retry     *Retry // the text streamed so far is void; the reply begins anew
}

// Retry says that a request failed and is sent again after a wait.
type Retry struct {
	Attempt int           // 1 is the first repetition
	Delay   time.Duration // wait before it
	Reason  string
}

// Finish reasons of a Reply.
const (
	FinishStop   = "stop"
	FinishTools  = "tool_calls"
	FinishLength = "length" // cut at the output limit
	FinishFilter = "content_filter"
)

// Reply is one whole assistant message.
type Reply struct {
	Message event.Message // role assistant
	Usage   event.Usage
	Finish  string // one of the Finish constants, or the provider's own word
}

// Model produces one assistant reply. It is the one interface to implement for
// a custom model.
//
// Chat calls emit with each piece as it arrives, in order, from the calling
// goroutine; emit may block while a client is slow. It returns the whole reply,
// or an error: context.Cause(ctx) when ctx ended it, ErrAuthRequired,
// *ProviderError, or any other. A stream that was cut is an error, never a short
// reply; the reply returned with an error holds the partial text, if any, and no
// tool calls.
type Model interface {
	Chat(ctx context.Context, req Request, emit func(Delta)) (Reply, error)
}
