package agent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

func TestPlanIsAnEvent(t *testing.T) {
	plan := func(status string) event.ToolCall {
		return agenttest.Call("", "update_plan", map[string]any{"plan": []any{map[string]any{"step": "look", "status": status}}})
	}
	var rec agenttest.Recorder
	model := agenttest.Script(agenttest.Calls("", plan("in_progress"), plan("wrong")), agenttest.Calls("", plan("completed")), agenttest.Text("Done."))
	a := agenttest.NewAgent(t, model, agent.Options{Client: &rec, Permissions: approval.Permissions{Mode: event.ModePlan}}, tools.UpdatePlan())
	if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted || len(out.Changes) > 0 || len(rec.Approvals()) > 0 {
		t.Errorf("outcome %+v", out)
	}
	var got []string
	for _, e := range rec.Events(event.KindPlan) {
		for _, s := range e.Plan {
			got = append(got, s.Step+" "+s.Status)
		}
	}
	if diff := cmp.Diff([]string{"look in_progress", "look completed"}, got); diff != "" {
		t.Errorf("plans (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]event.PlanStep{{Step: "look", Status: "completed"}}, a.Log().State().Plan()); diff != "" {
		t.Errorf("the last plan (-want +got):\n%s", diff)
	}
	agenttest.CheckEvents(t, rec.Events())
}
