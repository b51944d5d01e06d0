package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
)

// mostSteps is the largest number of steps of a plan on the screen and in the scrollback.
const mostSteps = 30

// plan is the model's plan. The screen shows it while the turn runs; the turn's end prints it.
type plan struct {
	steps []event.PlanStep
	fresh bool // it has changed since it was printed
}

// planned takes over the model's plan.
func (t *transcript) planned(steps []event.PlanStep) {
	t.plan = plan{steps, true}
}

// endPlan prints the plan if the turn has changed it.
func (t *transcript) endPlan() {
	if t.plan.fresh && len(t.plan.steps) > 0 {
		t.print(sectionTool, t.checklist(mostSteps))
	}
	t.plan.fresh = false
}

// livePlan draws the plan of a running turn in at most most lines. A plan that is done, and
// was not changed by this turn, is not shown.
func (t *transcript) livePlan(most int) string {
	done, _ := term.PlanStand(t.plan.steps)
	if len(t.plan.steps) == 0 || !t.turning || done == len(t.plan.steps) && !t.plan.fresh {
		return ""
	}
	return t.checklist(min(most, mostSteps))
}

// checklist draws the plan in at most most lines: the steps around the current one, or one
// line for the whole plan where there is no room.
func (t *transcript) checklist(most int) string {
	steps := t.plan.steps
	done, _ := term.PlanStand(steps)
	if most < 3 && most < len(steps) {
		return paint(t.faint, short(term.Plan(steps), t.width))
	}
	first, last := 0, len(steps)
	if len(steps) > most {
		room := most - 2 // two lines say what is left out
		first = max(0, min(done-1, len(steps)-room))
		last = first + room
	}
	var rows []string
	if first > 0 {
		rows = append(rows, paint(t.faint, fmt.Sprintf("  … %s before", count(first, "step"))))
	}
	for _, s := range steps[first:last] {
		rows = append(rows, t.planStep(s))
	}
	if last < len(steps) {
		rows = append(rows, paint(t.faint, fmt.Sprintf("  … %s after", count(len(steps)-last, "step"))))
	}
	return strings.Join(rows, "\n")
}

func (t *transcript) planStep(s event.PlanStep) string {
	mark, text := term.PlanMark(s.Status), short(s.Step, max(1, t.width-4))
	switch s.Status {
	case "completed":
		return "  " + t.green.Render(mark) + " " + t.faint.Render(text)
	case "in_progress":
		return "  " + t.cyan.Render(mark) + " " + t.bold.Render(text)
	}
	return "  " + t.faint.Render(mark) + " " + text
}

// planOf returns the plan of the session. It is empty where the server does not tell.
func (t *talk) planOf(ctx context.Context) ([]event.PlanStep, error) {
	id, _, _ := t.state()
	if id == "" || !t.serves(rpc.MethodSessionInfo) {
		return nil, nil
	}
	var info struct {
		Plan []event.PlanStep `json:"plan"`
	}
	err := t.client.Call(ctx, rpc.MethodSessionInfo, session.OpenSessionParams{SessionID: id}, &info)
	return info.Plan, err
}

// planMode shows the plan and sets the mode in which the agent plans and changes nothing. A
// message is sent in that mode.
func planMode(ctx context.Context, t *talk, message string) (outcome, error) {
	_, before, _ := t.state()
	out := outcome{say: message}
	if before != event.ModePlan {
		if _, err := t.configure(ctx, session.ConfigureParams{Mode: event.ModePlan}); err != nil {
			return outcome{}, err
		}
		out.text = "mode plan: it reads and plans, and changes nothing"
		if before != "" {
			out.text += fmt.Sprintf("; /mode %s goes back", before)
		}
	}
	steps, err := t.planOf(ctx)
	out.plan = &steps
	if message == "" && len(steps) == 0 && out.text == "" {
		out.text = "mode plan; the model has made no plan yet"
	}
	return out, err
}
