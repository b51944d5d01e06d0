package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// verdict is what becomes of a proposed call.
type verdict int

const (
	refuse verdict = iota
	ask
	allow
	allowInView // in a read-only view of the workspace
)

// policy is what the verdict on a call depends on.
type policy struct {
	mode       string
	sandbox    string   // of the runtime
	view       bool     // the runtime can give a read-only view
	unconfined bool     // the user's consent to commands without a sandbox
	rules      []Rule   // what the user has allowed for the session
	dirty      []string // paths with changes in the user's editor that are not saved
}

// judge is the whole policy: what becomes of a call of the tool with that
// proposal. why words a refusal for the model.
//
//	          plan                   ask          auto
//	read      allow                  allow        allow
//	edit      refuse                 rule or ask  allow
//	command   in a view, or refuse   rule or ask  allow; without a sandbox: consent, rule or ask
//
// An edit of a file that the user has open with unsaved changes is refused in
// every mode. Of a command nobody knows what it will write, so it is not kept
// from such files.
func (p policy) judge(tool string, call tools.Proposal) (v verdict, why string) {
	if call.Effect == tools.EffectRead {
		return allow, ""
	}
	edit := call.Effect == tools.EffectEdit
	for _, path := range call.Paths {
		inside := func(dirty string) bool { return dirty == path || strings.HasPrefix(dirty, path+"/") }
		if i := slices.IndexFunc(p.dirty, inside); i >= 0 {
			return refuse, fmt.Sprintf("conflict: %q has changes in the user's editor that are not saved; ask the user to save or drop them", p.dirty[i])
		}
	}
	confined := p.sandbox != runtime.SandboxNone || p.unconfined
	switch {
	case p.mode == ModePlan && call.Viewable && p.view:
		return allowInView, ""
	case p.mode == ModePlan && edit:
		return refuse, "mode plan changes no files; say what you would change"
	case p.mode == ModePlan:
		return refuse, "mode plan runs no commands here, because they cannot be kept from writing; read files instead and say what you would run"
	case p.mode == ModeAuto && (edit || confined):
		return allow, ""
	case slices.ContainsFunc(p.rules, func(r Rule) bool { return r.allows(tool, call) }):
		return allow, ""
	default:
		return ask, ""
	}
}
