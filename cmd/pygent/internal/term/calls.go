package term

import (
	"strings"

	"github.com/pygent/pygent/agent/event"
)

// Titled returns the title and the detail of a started call. Events of older servers have
// only the tool's name and the arguments.
func Titled(e event.Event) (title, detail string) {
	if e.Title == "" {
		return e.Tool, e.Arguments
	}
	return e.Title, e.Detail
}

// Said returns the output of a tool. command is that of a tool which runs one, else "":
// in sessions of older servers the output begins with it.
func Said(text, command string) string {
	if command == "" {
		return text
	}
	return strings.TrimPrefix(text, "$ "+command+"\n")
}

// Calls describes tool calls in one line each. It remembers which running calls are
// commands, because their end does not say so.
type Calls struct{ commands map[call]string }

type call struct{ session, id string }

// Begin describes a started call. Its detail has at most most characters.
func (c *Calls) Begin(e event.Event, most int) string {
	if c.commands == nil {
		c.commands = map[call]string{}
	}
	if e.Terminal {
		c.commands[call{e.SessionID, e.CallID}] = e.Detail
	}
	title, detail := Titled(e)
	title, detail = Line(title, 80), Line(detail, most)
	if detail == "" {
		return title
	}
	return title + ": " + detail
}

// End returns the output of a call, and whether it was a command.
func (c *Calls) End(e event.Event) (text string, terminal bool) {
	key := call{e.SessionID, e.CallID}
	command, terminal := c.commands[key]
	delete(c.commands, key)
	return Said(e.Text, command), terminal
}
