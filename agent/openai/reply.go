package openai

import (
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

const (
	maxReplyBytes = 32 << 20 // text, reasoning and arguments together
	maxToolCalls  = 256      // of one reply
)

// assembler builds a reply from the events of one attempt.
type assembler struct {
	emit   func(agent.Delta)
	text   strings.Builder
	calls  []*partialCall
	usage  event.Usage
	finish string // "" until the provider says that the reply is complete
	size   int
}

// partialCall is a tool call whose arguments still stream.
type partialCall struct {
	index *int
	id    string
	name  string
	args  strings.Builder
}

// add applies one event; endpoint is for the error text.
func add[S ~string](a *assembler, c *chunkOf[S], endpoint string) error {
	if c.Usage != nil {
		a.setUsage(c.Usage)
	}
	for i := range c.Choices {
		choice := &c.Choices[i]
		if choice.Index != 0 { // the request asks for one choice
			continue
		}
		d := &choice.Delta
		a.say(string(d.Content))
		a.say(string(d.Refusal))
		a.think(string(d.Reasoning), string(d.ReasoningContent))
		for pos := range d.ToolCalls {
			part := &d.ToolCalls[pos]
			call := a.find(part.Index, part.ID, part.Function.Name, pos, len(d.ToolCalls))
			if call.id == "" {
				call.id = part.ID
			}
			if call.name == "" {
				call.name = part.Function.Name
			}
			call.args.WriteString(string(part.Function.Arguments))
			a.size += len(part.Function.Arguments)
		}
		if choice.FinishReason != "" {
			a.finish = choice.FinishReason
		}
	}
	if a.finish == "error" { // OpenRouter; the error object was missing
		a.finish = ""
		return &agent.ProviderError{Retryable: true, Message: endpoint + " ended the stream with finish_reason error"}
	}
	if a.size > maxReplyBytes || len(a.calls) > maxToolCalls {
		a.finish = ""
		return &agent.ProviderError{Message: fmt.Sprintf("%s sent a reply of more than %d MiB or %d tool calls", endpoint, maxReplyBytes>>20, maxToolCalls)}
	}
	return nil
}

func (a *assembler) say(text string) {
	if text == "" {
		return
	}
	a.size += len(text)
	a.text.WriteString(text)
	a.emit(agent.Delta{Text: text})
}

// think relays reasoning, once when a gateway sends it under both names.
func (a *assembler) think(text, other string) {
	if text == "" {
		text = other
	}
	if text == "" {
		return
	}
	a.size += len(text)
	a.emit(agent.Delta{Reasoning: text})
}

// find returns the call that a piece belongs to, which can be a new one. pos is
// the piece's position among n in its event.
//
// The index decides when there is one, except when a known index has a new id and
// name: that is another call (some gateways number all calls 0). Without an index
// the id decides; without an id, a name begins a call, and a piece without a name
// continues the call at its position, or the last one.
func (a *assembler) find(index *int, id, name string, pos, n int) *partialCall {
	for i := len(a.calls) - 1; i >= 0; i-- {
		c := a.calls[i]
		switch {
		case index != nil:
			if c.index == nil || *c.index != *index {
				continue
			}
			if id != "" && c.id != "" && id != c.id && name != "" {
				return a.begin(index)
			}
			return c
		case id != "" && c.id == id:
			return c
		}
	}
	if index == nil && id == "" && name == "" && len(a.calls) > 0 {
		if n > 1 && pos < len(a.calls) {
			return a.calls[pos]
		}
		return a.calls[len(a.calls)-1]
	}
	return a.begin(index)
}

func (a *assembler) begin(index *int) *partialCall {
	c := &partialCall{index: index}
	a.calls = append(a.calls, c)
	return c
}

func (a *assembler) setUsage(u *wireUsage) {
	a.usage = event.Usage{
		InputTokens:  u.PromptTokens,
		OutputTokens: u.CompletionTokens,
		CachedTokens: max(u.PromptTokensDetails.CachedTokens, u.PromptCacheHitTokens),
		CostUSD:      u.Cost,
	}
}

// partial returns the part of a cut reply that arrived: its calls must not run.
func (a *assembler) partial() agent.Reply {
	return agent.Reply{Message: event.Message{Role: event.RoleAssistant, Content: a.text.String()}, Usage: a.usage}
}

// reply returns the complete reply. Every call gets an id that is unique in it,
// because its result must name it; messages, the length of the conversation,
// makes a generated id unique there.
func (a *assembler) reply(messages int) agent.Reply {
	r := a.partial()
	r.Finish = a.finish
	seen := make(map[string]bool, len(a.calls))
	for i, c := range a.calls {
		if c.id == "" || seen[c.id] {
			c.id = fmt.Sprintf("call_%d_%d", messages, i)
		}
		seen[c.id] = true
		args := c.args.String()
		if strings.TrimSpace(args) == "" {
			args = "{}"
		}
		r.Message.ToolCalls = append(r.Message.ToolCalls, event.ToolCall{ID: c.id, Name: c.name, Arguments: args})
	}
	if len(a.calls) > 0 && (r.Finish == agent.FinishStop || r.Finish == "function_call") {
		r.Finish = agent.FinishTools // some providers say stop for both
	}
	return r
}
