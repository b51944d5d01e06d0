package approval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/tools"
)

// Verdict says what happens to a proposed call.
type Verdict int

const (
	Refuse Verdict = iota
	Ask
	Allow
	AllowInView // in a read-only view of the workspace
)

// Policy holds all that the verdict on a call depends on.
type Policy struct {
	Mode       event.Mode
	Sandbox    string       // of the runtime
	View       bool         // the runtime can give a read-only view
	Unconfined bool         // the user's consent to commands without a sandbox
	Rules      []event.Rule // what the user has allowed for the session
	Dirty      []string     // paths with unsaved changes in the user's editor
	Workspace  *runtime.Workspace
}

// Judge returns the verdict on a call of the tool with that proposal. why words a
// refusal for the model.
//
//	          plan                   ask          auto
//	read      allow                  allow        allow
//	edit      refuse                 rule or ask  allow
//	command   in a view, or refuse   rule or ask  allow; without a sandbox: consent, rule or ask
//
// at are the targets of an edit. Every mode refuses an edit inside a repository's
// own files, and of a file with unsaved changes in the user's editor. An edit of
// a protected path asks, whatever the rules say, unless the mode refuses it.
// Nobody knows in advance what a command will write, so these checks do not apply
// to commands.
func (p Policy) Judge(tool string, call tools.Proposal, at []Target) (v Verdict, why string) {
	if call.Effect == tools.EffectRead {
		return Allow, ""
	}
	edit := call.Effect == tools.EffectEdit
	if i := slices.IndexFunc(at, func(a Target) bool { return a.grade == protect.Never }); i >= 0 {
		return Refuse, fmt.Sprintf("%q is protected: %s", at[i].real, at[i].why)
	}
	if name := p.unsaved(at); name != "" {
		return Refuse, fmt.Sprintf("conflict: %q has changes in the user's editor that are not saved; ask the user to save or drop them", name)
	}
	confined := p.Sandbox != runtime.SandboxNone || p.Unconfined
	switch {
	case p.Mode == event.ModePlan && call.Viewable && p.View:
		return AllowInView, ""
	case p.Mode == event.ModePlan && edit:
		return Refuse, "mode plan changes no files; say what you would change"
	case p.Mode == event.ModePlan:
		return Refuse, "mode plan runs no commands here, because they cannot be kept from writing; read files instead and say what you would run"
	case mustAsk(at):
		return Ask, ""
	case p.Mode == event.ModeAuto && (edit || confined):
		return Allow, ""
	case p.ruled(tool, call):
		return Allow, ""
	default:
		return Ask, ""
	}
}

// ruled reports whether one of the user's rules covers a call. A rule that allows
// variations does not cover a command that follows a link out of the workspace.
func (p Policy) ruled(tool string, call tools.Proposal) bool {
	return slices.ContainsFunc(p.Rules, func(r event.Rule) bool {
		varies := strings.HasSuffix(r.Text, anyRest) && call.Effect != tools.EffectEdit
		return allows(r, tool, call) && (!varies || p.Workspace == nil || !linksOut(p.Workspace, call.Command))
	})
}
