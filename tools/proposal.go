package tools

import (
	"context"
	"fmt"
	"strings"
)

// Effect is the most that a call can do, which is what the user's mode is about.
type Effect string

// Effects of a call, weakest first.
const (
	EffectRead    Effect = "read"    // changes nothing that is the user's
	EffectEdit    Effect = "edit"    // changes the files in Paths and nothing else
	EffectCommand Effect = "command" // whatever a command can do
)

// Proposal says what a call would do, before it does. It is made of the same
// arguments as the call.
type Proposal struct {
	Effect  Effect
	Title   string   // for the user, one line
	Command string   // EffectCommand: exactly what would run
	Paths   []string // EffectEdit: workspace-relative, with slashes

	// Viewable is set for a command that reaches the workspace through
	// Env.Runtime only, and leaves nothing there: it can be run in a read-only view.
	Viewable bool

	// Patches is the whole of an edit as unified diffs. It is called only when
	// somebody shall see it. Nil shows the paths alone.
	Patches func(ctx context.Context) ([]Patch, error)
}

// Patch is what would become of one file.
type Patch struct {
	Path  string `json:"path" jsonschema:"workspace-relative, with slashes"`
	Patch string `json:"patch" jsonschema:"unified diff, or a line that says why there is none"`
}

// Declare makes the Proposal of a call. An error refuses the call, as one of the
// tool's function does.
type Declare[In any] func(ctx context.Context, env Env, in In) (Proposal, error)

// OnlyReads declares a tool that changes nothing that is the user's.
func OnlyReads[In any](context.Context, Env, In) (Proposal, error) {
	return Proposal{Effect: EffectRead}, nil
}

// undeclared is the proposal of a tool that says nothing of what it does: the
// user can judge it by its arguments only.
func undeclared(name, arguments string) Proposal {
	return Proposal{Effect: EffectCommand, Title: "Use the tool " + name, Command: strings.TrimSpace(name + " " + arguments)}
}

// Propose tells what a call would do, and does nothing. A call that would be
// refused is an error, which reads like the call's answer.
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
