package approval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/tools"
)

// Compose words a proposal for the user. a names the session, the turn and the
// task. Compose returns the approval with the targets that it shows.
func Compose(ctx context.Context, ws *runtime.Workspace, p tools.Proposal, a event.Approval) (event.Approval, []Target, error) {
	at, err := Targets(ws, p)
	if err != nil {
		return event.Approval{}, nil, err
	}
	a.Kind, a.Title, a.Command = string(tools.EffectCommand), Visible(p.Title+explain(at)), Visible(p.Command)
	a.Rule, a.Options = ruleFor(p), choices()
	if p.Effect == tools.EffectEdit {
		a.Kind = string(tools.EffectEdit)
	}
	if mustAsk(at) {
		a.Rule = "" // no rule covers it
	}
	if a.Rule == "" {
		a.Options = slices.Delete(a.Options, 1, 2)
	}
	patches := make([]tools.Patch, len(p.Paths))
	for i, path := range p.Paths {
		patches[i].Path = path
	}
	if p.Patches != nil {
		if patches, err = p.Patches(ctx); err != nil {
			return event.Approval{}, nil, err
		}
	}
	a.Changes = visiblePatches(atTargets(patches, at))
	return a, at, nil
}

// atTargets gives patches the paths that would really be changed, with links
// followed.
func atTargets(patches []tools.Patch, at []Target) []tools.Patch {
	list := slices.Clone(patches)
	for i := range list {
		if j := slices.IndexFunc(at, func(a Target) bool { return a.named == list[i].Path }); j >= 0 {
			list[i].Path, list[i].Protected = at[j].real, at[j].grade == protect.Ask
		}
	}
	return list
}

// choices lists the decisions on an approval with a rule.
func choices() []event.Choice {
	return []event.Choice{event.DecisionAllow, event.DecisionAllowForSession, event.DecisionDeny, event.DecisionCancelTurn}
}

// CheckChoice refuses a value that is not a decision of the user.
func CheckChoice(d event.Choice) error {
	all := choices()
	if slices.Contains(all, d) {
		return nil
	}
	names := make([]string, len(all))
	for i, choice := range all {
		names[i] = string(choice)
	}
	return fmt.Errorf("%.200q: give %s", d, strings.Join(names, ", "))
}
