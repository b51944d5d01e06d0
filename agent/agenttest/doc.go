// Package agenttest helps to test code that uses package agent: a scripted model,
// an HTTP server that streams a script in OpenAI's format, and a client that
// collects events.
//
// It is for tests only and must not know any package above agent. A script is a
// list of entries, one for each call in the order of the calls; when several
// conversations run at once, use [Func] or [Server] with functions that look at
// the request.
package agenttest

import (
	"encoding/json"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// Text makes a reply that ends the turn.
func Text(text string) agent.Reply {
	return agent.Reply{
		Message: event.Message{Role: event.RoleAssistant, Content: text},
		Usage:   event.Usage{InputTokens: 10, OutputTokens: 5},
		Finish:  agent.FinishStop,
	}
}

// Calls makes a reply that calls tools; text may be empty.
func Calls(text string, calls ...event.ToolCall) agent.Reply {
	return agent.Reply{
		Message: event.Message{Role: event.RoleAssistant, Content: text, ToolCalls: calls},
		Usage:   event.Usage{InputTokens: 10, OutputTokens: 5},
		Finish:  agent.FinishTools,
	}
}

// Call makes one tool call. A string in args is the JSON text itself, which may
// be malformed on purpose; any other value is marshalled.
func Call(id, name string, args any) event.ToolCall {
	text, ok := args.(string)
	if !ok {
		raw, err := json.Marshal(args)
		if err != nil {
			panic(fmt.Sprintf("agenttest: arguments of %s: %v", name, err))
		}
		text = string(raw)
	}
	return event.ToolCall{ID: id, Name: name, Arguments: text}
}
