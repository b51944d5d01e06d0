package tools

import (
	"context"
	"fmt"
	"strings"
)

// Effect is the strongest effect that a call can have. The user's mode depends on
// it.
type Effect string

// Effects of a call, weakest first.
const (
	EffectRead    Effect = "read"    // changes nothing of the user's
	EffectEdit    Effect = "edit"    // changes the files in Paths and nothing else
	EffectCommand Effect = "command" // can do all that a command can
)

// Proposal says what a call would do, before it runs. It is made from the
// arguments of the call.
type Proposal struct {
	Effect  Effect
	Title   string   // for the user, one line
	Command string   // EffectCommand: exactly what would run
	Paths   []string // EffectEdit: workspace-relative, with slashes

	// Protected says why one of Paths is protected although its name is not, as
	// for the copy of a protected file.
	Protected map[string]string

	// Viewable is set for a command that uses the workspace through Env.Runtime
	// only, and changes nothing there: it can run in a read-only view.
	Viewable bool

	// Patches returns the whole edit as unified diffs. It is called only when a
	// user will see them. Nil shows the paths alone.
	Patches func(ctx context.Context) ([]Patch, error)
}

// Patch is the proposed change of one file.
type Patch struct {
	Path  string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Patch string `json:"patch" jsonschema:"unified diff, or a line that says why there is none"`

	Protected bool `json:"protected,omitempty" jsonschema:"a program of the user runs this file, or a file that it names; the title says why"`
}

// Declare makes the Proposal of a call. An error refuses the call, like an error
// of the tool's function.
type Declare[In any] func(ctx context.Context, env Env, in In) (Proposal, error)

// OnlyReads declares a tool that changes nothing of the user's.
func OnlyReads[In any](context.Context, Env, In) (Proposal, error) {
	return Proposal{Effect: EffectRead}, nil
}

// undeclared is the proposal of a tool without a Declare function: the user can
// judge it only by its arguments.
func undeclared(name, arguments string) Proposal {
	return Proposal{Effect: EffectCommand, Title: "Use the tool " + name, Command: strings.TrimSpace(name + " " + arguments)}
}

// Propose returns what a call would do, and does nothing. When the call would be
// refused, the error has the text of the call's answer.
func (r *Registry) Propose(ctx context.Context, env Env, name, arguments string) (p Proposal, err error) {
	i, ok := r.byName[name]
	if !ok {
		return Proposal{}, r.unknown(name)
	}
	defer func() {
		if v := recover(); v != nil {
			p, err = Proposal{}, fmt.Errorf("tool %s panicked: %s", name, shorten(fmt.Sprint(v)))
		}
	}()
	return r.tools[i].propose(ctx, env, arguments)
}

func (r *Registry) unknown(name string) error {
	return fmt.Errorf("unknown tool %q; there are %s", shorten(name), strings.Join(r.Names(), ", "))
}
