package agent

import (
	"fmt"
	"slices"

	"github.com/pygent/pygent/runtime"
)

// Modes say what an agent may do unasked.
const (
	ModePlan = "plan" // reads only
	ModeAsk  = "ask"  // edits and commands ask
	ModeAuto = "auto" // nothing asks that stays inside a sandbox
)

// modes are all of them, the strictest first.
var modes = []string{ModePlan, ModeAsk, ModeAuto}

// Permissions are what the user lets an agent do. The zero value asks where
// commands have no sandbox, and does not where they have.
type Permissions struct {
	Mode string // "" is DefaultMode of the runtime's sandbox

	// Unconfined is the user's consent that in mode auto commands do not ask
	// where they have no sandbox.
	Unconfined bool

	Rules []Rule // what is allowed besides
}

// Within is p in a mode that is none the wider for mode, which may be "".
func (p Permissions) Within(mode string) Permissions {
	if i := slices.Index(modes, mode); i >= 0 && i < slices.Index(modes, p.Mode) {
		p.Mode = mode
	}
	return p
}

// stricter is the mode that allows less; "" is none.
func stricter(a, b string) string {
	if a == "" {
		return b
	}
	return Permissions{Mode: a}.Within(b).Mode
}

// DefaultMode is the mode where nobody has said: auto in a sandbox, else ask.
func DefaultMode(sandbox string) string {
	switch sandbox {
	case runtime.SandboxContainer, runtime.SandboxStrong, runtime.SandboxMedium:
		return ModeAuto
	default:
		return ModeAsk
	}
}

// CheckMode refuses what is no mode; "" is the default.
func CheckMode(field, mode string) error {
	if mode == "" || slices.Contains(modes, mode) {
		return nil
	}
	return &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("%.200q: give %q, %q or %q", mode, ModePlan, ModeAsk, ModeAuto)}
}
