package agent

import (
	"context"
	"time"

	"github.com/pygent/pygent/tools"
)

// Roles of a message.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleTool      = "tool"
)

// Message is one entry of a conversation, in the shape of OpenAI's chat API.
type Message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	ToolCalls  []ToolCall `json:"toolCalls,omitempty"`
	ToolCallID string     `json:"toolCallId,omitempty"` // role tool: the call that this answers
}

// ToolCall is the model's wish to run a tool. Arguments is the JSON text that
// the model wrote: it can be malformed.
type ToolCall struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Usage counts tokens. InputTokens includes CachedTokens.
type Usage struct {
	InputTokens  int64    `json:"inputTokens"`
	OutputTokens int64    `json:"outputTokens"`
	CachedTokens int64    `json:"cachedTokens"`
	CostUSD      *float64 `json:"costUsd,omitempty" jsonschema:"absent when the provider does not say"`
}

// Request is what a Model gets: the whole conversation, oldest first, and the
// tools that the reply may call.
type Request struct {
	Model    string // name of the model; "" is the Model's own default
	Messages []Message
	Tools    []tools.Spec
}

// Delta is a piece of a reply as it streams. Exactly one field is set.
type Delta struct {
	Text      string
	Reasoning string
	Retry     *Retry // what streamed so far is void; the reply begins anew
}

// Retry tells that a request failed and is sent again after a wait.
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
	Message Message // role assistant
	Usage   Usage
	Finish  string // one of the Finish constants, or the provider's own word
}

// Model produces one assistant reply. It is the one interface to implement for
// a custom model.
//
// Chat calls emit with each piece as it arrives, in order, from the calling
// goroutine; emit may block while a client is slow. It returns the whole reply,
// or an error: context.Cause(ctx) when ctx ended it, ErrAuthRequired,
// *ProviderError, or any other. A stream that was cut is an error, never a
// short reply; the reply returned beside an error holds the partial text, if
// any, and no tool calls.
type Model interface {
	Chat(ctx context.Context, req Request, emit func(Delta)) (Reply, error)
}
