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

// Failed reports whether a finished call has failed.
func Failed(e event.Event) bool { return e.IsError || e.ExitCode != nil && *e.ExitCode != 0 }

// Calls describes tool calls in one line each. It remembers the running calls, because
// their end does not describe them, and several can run side by side.
type Calls struct {
	running map[call]begun
	newest  call
}

type call struct{ session, id string }

// begun is a started call.
type begun struct {
	line, command string
	terminal      bool
}

// Ended is a finished call.
type Ended struct {
	Line     string // as Begin described it
	Text     string // its output
	Terminal bool   // it was a command
	Apart    bool   // another call has begun or ended since it began
}

// Begin describes a started call. Its detail has at most most characters.
func (c *Calls) Begin(e event.Event, most int) string {
	if c.running == nil {
		c.running = map[call]begun{}
	}
	title, detail := Titled(e)
	b := begun{line: Line(title, 80), terminal: e.Terminal}
	if detail = Line(detail, most); detail != "" {
		b.line += ": " + detail
	}
	if e.Terminal {
		b.command = e.Detail
	}
	c.newest = call{e.SessionID, e.CallID}
	c.running[c.newest] = b
	return b.line
}

// End describes the end of a call.
func (c *Calls) End(e event.Event) Ended {
	key := call{e.SessionID, e.CallID}
	b, known := c.running[key]
	delete(c.running, key)
	ended := Ended{Line: b.line, Text: Said(e.Text, b.command), Terminal: b.terminal, Apart: known && key != c.newest}
	c.newest = call{}
	return ended
}
