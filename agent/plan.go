package agent

import (
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// planned is the event of the model's new plan.
func planned(plan []tools.PlanStep) event.Event {
	e := event.Event{Kind: event.KindPlan, Plan: make([]event.PlanStep, len(plan))}
	for i, s := range plan {
		e.Plan[i] = event.PlanStep(s)
	}
	return e
}
