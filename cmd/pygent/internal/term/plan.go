package term

import (
	"fmt"

	"github.com/pygent/pygent/agent/event"
)

// Marks of a plan's steps.
const (
	planDone    = "✓"
	planNow     = "▸"
	planPending = "○"
)

// PlanMark is the mark of a step with a status. An unknown status counts as pending.
func PlanMark(status string) string {
	switch status {
	case "completed":
		return planDone
	case "in_progress":
		return planNow
	}
	return planPending
}

// PlanStand returns how many steps of a plan are done, and the step that the model works
// on: the first in progress, else the first that is not done, else "".
func PlanStand(plan []event.PlanStep) (done int, now string) {
	next := ""
	for _, s := range plan {
		switch {
		case s.Status == "completed":
			done++
		case s.Status == "in_progress" && now == "":
			now = s.Step
		case next == "":
			next = s.Step
		}
	}
	if now == "" {
		now = next
	}
	return done, now
}

// Plan describes a plan in one line: how much is done, and what comes now. It is "" for an
// empty plan.
func Plan(plan []event.PlanStep) string {
	if len(plan) == 0 {
		return ""
	}
	done, now := PlanStand(plan)
	line := fmt.Sprintf("plan %d/%d", done, len(plan))
	if now = Line(now, 160); now != "" {
		line += ": " + now
	}
	return line
}

// Writing describes a call that the model still writes.
func Writing(e event.Event) string {
	return fmt.Sprintf("writing %s … %s", Line(e.Tool, 40), size(e.Bytes))
}

func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1_000_000:
		return fmt.Sprintf("%d kB", (bytes+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
