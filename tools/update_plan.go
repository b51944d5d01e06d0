package tools

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed update_plan.md
var updatePlanDescription string

// Caps of a plan, because every client shows it whole.
const (
	maxPlanSteps = 100
	maxPlanStep  = 1000 // bytes
)

// planStatuses lists what a step can be.
var planStatuses = []string{"pending", "in_progress", "completed"}

type planStepIn struct {
	Step   string `json:"step"`
	Status string `json:"status"`
}

type updatePlanIn struct {
	Plan        []planStepIn `json:"plan"`
	Explanation string       `json:"explanation,omitempty"`
}

func (in updatePlanIn) Label() Label {
	done := 0
	for _, s := range in.Plan {
		if s.Status == "completed" {
			done++
		}
	}
	l := Label{Title: "Plan", Detail: fmt.Sprintf("%d of %d steps done", done, len(in.Plan))}
	if i := slices.IndexFunc(in.Plan, func(s planStepIn) bool { return s.Status == "in_progress" }); i >= 0 {
		l.Detail += ": " + in.Plan[i].Step
	}
	return l
}

// UpdatePlan replaces the model's plan, which the clients show. It changes no
// file.
func UpdatePlan() Tool {
	return New("update_plan", updatePlanDescription, func(_ context.Context, _ Env, in updatePlanIn) (Result, error) {
		if len(in.Plan) > maxPlanSteps {
			return Result{}, fmt.Errorf("update_plan: %d steps: at most %d", len(in.Plan), maxPlanSteps)
		}
		plan := make([]PlanStep, len(in.Plan)) // not nil: an empty plan removes it
		for i, s := range in.Plan {
			switch {
			case strings.TrimSpace(s.Step) == "":
				return Result{}, fmt.Errorf("update_plan: step %d is empty", i+1)
			case len(s.Step) > maxPlanStep:
				return Result{}, fmt.Errorf("update_plan: step %d has %d bytes: at most %d", i+1, len(s.Step), maxPlanStep)
			case !slices.Contains(planStatuses, s.Status):
				return Result{}, fmt.Errorf("update_plan: step %d is %.40q: give pending, in_progress or completed", i+1, s.Status)
			}
			plan[i] = PlanStep(s)
		}
		return Result{Text: "The plan is updated.", Plan: plan}, nil
	}, ReadsSerially)
}
