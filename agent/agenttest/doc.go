// Package agenttest helps to test what is built on package agent: a scripted
// model, an HTTP server that streams a script in OpenAI's format, and a client
// that collects events.
//
// It is for tests only and must not know any package above agent. A script is
// a list of entries, one for each call in the order in which the calls come;
// when several conversations run at once, use [Func] or [Server] with functions
// that look at the request.
package agenttest

import (
	"encoding/json"
	"fmt"

	"github.com/pygent/pygent/agent"
)

// Text is a reply that ends the turn.
func Text(text string) agent.Reply {
	return agent.Reply{
		Message: agent.Message{Role: agent.RoleAssistant, Content: text},
		Usage:   agent.Usage{InputTokens: 10, OutputTokens: 5},
		Finish:  agent.FinishStop,
	}
}

// Calls is a reply that calls tools; text may be empty.
func Calls(text string, calls ...agent.ToolCall) agent.Reply {
	return agent.Reply{
		Message: agent.Message{Role: agent.RoleAssistant, Content: text, ToolCalls: calls},
		Usage:   agent.Usage{InputTokens: 10, OutputTokens: 5},
		Finish:  agent.FinishTools,
	}
}

// Call is one tool call. args is the JSON text itself when it is a string,
// which may be malformed on purpose; any other value is marshalled.
func Call(id, name string, args any) agent.ToolCall {
	text, ok := args.(string)
	if !ok {
		raw, err := json.Marshal(args)
		if err != nil {
			panic(fmt.Sprintf("agenttest: arguments of %s: %v", name, err))
		}
		text = string(raw)
	}
	return agent.ToolCall{ID: id, Name: name, Arguments: text}
}
