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

// Said returns a tool's output. For a command it removes the first line, which repeats the
// command. A command that did not run has no such line.
func Said(text string, terminal bool) string {
	if terminal && strings.HasPrefix(text, "$ ") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// Calls describes tool calls in one line each. It remembers which running calls are
// commands, because their end does not say so.
type Calls struct{ terminals map[call]bool }

type call struct{ session, id string }

// Begin describes a started call. Its detail has at most most characters.
func (c *Calls) Begin(e event.Event, most int) string {
	if c.terminals == nil {
		c.terminals = map[call]bool{}
	}
	if e.Terminal {
		c.terminals[call{e.SessionID, e.CallID}] = true
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
	terminal = c.terminals[key]
	delete(c.terminals, key)
	return Said(e.Text, terminal), terminal
}
