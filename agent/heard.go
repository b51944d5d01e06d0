package agent

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of what the model hears besides its own work.
const (
	maxHeard      = 20  // lines
	maxHeardNamed = 10  // files in a line
	maxHeardLine  = 500 // bytes, also of one name
)

// heardLine is a line for the model. The key says what it is about.
type heardLine struct{ key, text string }

// Hear tells the model a line: with the last result of the running turn's next
// round, or with the user's next message. It replaces an earlier one of that key.
func (a *Agent) Hear(key, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unhear(key)
	if a.heard = append(a.heard, heardLine{key, text}); len(a.heard) > maxHeard {
		a.heard = slices.Delete(a.heard, 0, 1)
	}
}

// Unhear takes a line back, because the model has learned of it otherwise.
func (a *Agent) Unhear(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unhear(key)
}

func (a *Agent) unhear(key string) {
	a.heard = slices.DeleteFunc(a.heard, func(l heardLine) bool { return l.key == key })
}

// takeHeard returns the lines, which the caller tells the model.
func (a *Agent) takeHeard() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for _, l := range a.heard {
		list = append(list, "["+oneLine(l.text, maxHeardLine)+"]")
	}
	a.heard = nil
	return list
}

// sinceLastTurn returns the lines about what has happened since the model's last
// turn.
func (t *turn) sinceLastTurn() []string {
	var list []string
	undone := t.state().Undone()
	if len(undone) > 0 {
		list = append(list, "[the user has undone changes since your last turn: "+named(undone)+"]")
	}
	changed := slices.DeleteFunc(t.known.changed(t.runtime.Workspace()), func(path string) bool { return slices.Contains(undone, path) })
	if len(changed) > 0 {
		list = append(list, "[changed since your last turn, not by you: "+named(changed)+"]")
	}
	return append(list, t.takeHeard()...)
}

// named lists files on one line.
func named(paths []string) string {
	var list []string
	for _, p := range paths[:min(len(paths), maxHeardNamed)] {
		list = append(list, oneLine(p, maxHeardLine))
	}
	if more := len(paths) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}
