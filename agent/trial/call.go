package trial

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent/event"
)

// call is one call of a tool, as a model wrote it.
type call struct {
	tool  string
	text  string         // the JSON text of the arguments, when it is no object
	args  map[string]any // else its values
	fails bool           // the call is an error
}

// newCall reads a section "call TOOL": the JSON of its arguments, or nothing.
func newCall(s section) *call {
	c := &call{tool: s.name, args: map[string]any{}, fails: s.has("fails")}
	text := strings.TrimSpace(string(s.data))
	if text == "" {
		return c
	}
	if err := json.Unmarshal([]byte(text), &c.args); err != nil {
		c.text, c.args = text, nil // a model's own mistake
	}
	return c
}

// textCall makes a call whose only argument is a section's text.
func textCall(tool, argument string, s section) *call {
	return &call{tool: tool, args: map[string]any{argument: string(s.data)}, fails: s.has("fails")}
}

// set takes a section "arg NAME": one argument that is a text.
func (c *call) set(s section) error {
	if c.args == nil {
		return fmt.Errorf("argument %s of a call whose arguments are no JSON object", s.name)
	}
	if _, ok := c.args[s.name]; ok {
		return fmt.Errorf("argument %s is given twice", s.name)
	}
	c.args[s.name] = string(s.data)
	return nil
}

// arguments returns the JSON text of the arguments, the text that a model sends.
func (c *call) arguments() string {
	if c.args == nil {
		return c.text
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // models do not
	if err := enc.Encode(c.args); err != nil {
		panic(err) // it came from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// event returns the call with an id.
func (c *call) event(id string) event.ToolCall {
	return event.ToolCall{ID: id, Name: c.tool, Arguments: c.arguments()}
}
