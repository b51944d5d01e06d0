package event

import "slices"

// Mode says what an agent may do without asking.
type Mode string

// Modes of an agent.
const (
	ModePlan Mode = "plan" // reads only
	ModeAsk  Mode = "ask"  // edits and commands ask
	ModeAuto Mode = "auto" // edits and sandboxed commands do not ask
)

// modes lists all modes, the strictest first.
var modes = []Mode{ModePlan, ModeAsk, ModeAuto}

// Valid reports whether m is a mode; "" is none.
func (m Mode) Valid() bool { return slices.Contains(modes, m) }

// Stricter returns the mode that allows less; "" sets no bound.
func (m Mode) Stricter(other Mode) Mode {
	switch {
	case m == "":
		return other
	case !other.Valid() || slices.Index(modes, m) <= slices.Index(modes, other):
		return m
	default:
		return other
	}
}
