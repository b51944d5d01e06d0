package approval

import (
	"fmt"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// Permissions are what the user allows an agent. The zero value asks before
// commands only where they have no sandbox.
type Permissions struct {
	Mode event.Mode // "" is the DefaultMode for the runtime's sandbox

	// Unconfined means that the user consents to commands without a sandbox: in
	// mode auto they do not ask.
	Unconfined bool

	Rules []event.Rule // calls that need no question
}

// Within returns p, with the stricter of its mode and mode, which may be "".
func (p Permissions) Within(mode event.Mode) Permissions {
	p.Mode = p.Mode.Stricter(mode)
	return p
}

// DefaultMode returns the mode of a session that does not choose one: auto in a
// sandbox, else ask.
func DefaultMode(sandbox string) event.Mode {
	switch sandbox {
	case runtime.SandboxContainer, runtime.SandboxStrong, runtime.SandboxMedium:
		return event.ModeAuto
	default:
		return event.ModeAsk
	}
}

// CheckMode refuses a value that is not a mode; "" is the default.
func CheckMode(field string, mode event.Mode) error {
	if mode == "" || mode.Valid() {
		return nil
	}
	return &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("%.200q: give %q, %q or %q", mode, event.ModePlan, event.ModeAsk, event.ModeAuto)}
}
