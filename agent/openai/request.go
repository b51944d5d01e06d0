package openai

import (
	"encoding/json"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// Substitutes for values that the API refuses when they are empty or malformed.
// The conversation itself is never changed, and the same conversation always
// gives the same bytes, because providers' prompt caches depend on that.
const (
	noOutput     = "(no output)"
	noText       = "(no text)"
	noArguments  = "{}"
	noParameters = `{"type":"object","properties":{}}`
	noName       = "unknown"
	maxToolName  = 64 // OpenAI's limit
)

// wireRequest converts r without its model name: see putModelName.
func wireRequest(r agent.Request) goopenai.ChatCompletionRequest {
	wire := goopenai.ChatCompletionRequest{
		Messages:      make([]goopenai.ChatCompletionMessage, 0, len(r.Messages)),
		StreamOptions: &goopenai.StreamOptions{IncludeUsage: true},
	}
	for i := range r.Messages {
		if msg := &r.Messages[i]; msg.Role != event.RoleSystem || msg.Content != "" {
			wire.Messages = append(wire.Messages, wireMessage(msg))
		}
	}
	for _, t := range r.Tools {
		wire.Tools = append(wire.Tools, wireTool(t))
	}
	return wire
}

func wireMessage(m *event.Message) goopenai.ChatCompletionMessage {
	wire := goopenai.ChatCompletionMessage{Role: string(m.Role), Content: m.Content, ToolCallID: m.ToolCallID}
	switch {
	case m.Content != "" || len(m.ToolCalls) > 0:
	case m.Role == event.RoleTool:
		wire.Content = noOutput
	default:
		wire.Content = noText
	}
	for _, c := range m.ToolCalls {
		wire.ToolCalls = append(wire.ToolCalls, goopenai.ToolCall{
			ID:       c.ID,
			Type:     goopenai.ToolTypeFunction,
			Function: goopenai.FunctionCall{Name: wireName(c.Name), Arguments: wireArguments(c.Arguments)},
		})
	}
	return wire
}

func wireTool(t tools.Spec) goopenai.Tool {
	params := t.Parameters
	if len(params) == 0 {
		params = json.RawMessage(noParameters)
	}
	return goopenai.Tool{
		Type:     goopenai.ToolTypeFunction,
		Function: &goopenai.FunctionDefinition{Name: t.Name, Description: t.Description, Parameters: params},
	}
}

// wireArguments returns args if they are a JSON object. Servers that decode them
// (Ollama, vLLM, llama.cpp) answer 400 to anything else, as long as the malformed
// call is in the conversation; so such arguments are sent inside an object.
func wireArguments(args string) string {
	trimmed := strings.TrimSpace(args)
	if trimmed == "" {
		return noArguments
	}
	if trimmed[0] == '{' && json.Valid([]byte(trimmed)) {
		return args
	}
	wrapped, err := json.Marshal(map[string]string{"malformed_arguments": args})
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(wrapped)
}

// wireName returns the name of a called tool in a form that OpenAI accepts: a
// model can call a tool that does not exist, and the name is sent back with the
// history.
func wireName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, name)
	if name == "" {
		return noName
	}
	return name[:min(len(name), maxToolName)]
}
