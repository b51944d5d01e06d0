package tools_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

func TestUpdatePlan(t *testing.T) {
	reg, err := tools.NewRegistry(tools.UpdatePlan())
	if err != nil {
		t.Fatal(err)
	}
	many := `{"plan":[` + strings.Repeat(`{"step":"s","status":"pending"},`, 100) + `{"step":"s","status":"pending"}]}`
	tests := []struct {
		name, arguments string
		plan            []tools.PlanStep
		text            string // of the result
	}{
		{
			"three steps", `{"plan":[{"step":"look","status":"completed"},{"step":"edit","status":"in_progress"},{"step":"test","status":"pending"}]}`,
			[]tools.PlanStep{{Step: "look", Status: "completed"}, {Step: "edit", Status: "in_progress"}, {Step: "test", Status: "pending"}},
			"The plan is updated.",
		},
		{"with a reason", `{"explanation":"shorter","plan":[{"step":"look","status":"pending"}]}`, []tools.PlanStep{{Step: "look", Status: "pending"}}, "The plan is updated."},
		{"no steps any more", `{"plan":[]}`, []tools.PlanStep{}, "The plan is updated."},
		{"another status", `{"plan":[{"step":"look","status":"done"}]}`, nil, `[error] update_plan: step 1 is "done": give pending, in_progress or completed`},
		{"an empty step", `{"plan":[{"step":"a","status":"pending"},{"step":" ","status":"pending"}]}`, nil, "[error] update_plan: step 2 is empty"},
		{"a long step", `{"plan":[{"step":"` + strings.Repeat("x", 1001) + `","status":"pending"}]}`, nil, "[error] update_plan: step 1 has 1001 bytes: at most 1000"},
		{"too many steps", many, nil, "[error] update_plan: 101 steps: at most 100"},
		{"no plan", `{}`, nil, `[error] update_plan: argument "plan" is missing; it takes plan (array, required), explanation (string, optional)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := tools.Env{Runtime: &runtime.Runtime{}}
			p, err := reg.Propose(t.Context(), env, "update_plan", tt.arguments)
			if err == nil && (p.Effect != tools.EffectRead || !p.Serial) {
				t.Errorf("proposal %+v", p)
			}
			res := reg.Call(t.Context(), env, "update_plan", tt.arguments)
			if res.Text != tt.text || res.IsError != (tt.plan == nil) || len(res.Changes) > 0 {
				t.Errorf("result %+v", res)
			}
			if diff := cmp.Diff(tt.plan, res.Plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
	for arguments, want := range map[string]string{
		`{"plan":[{"step":"look","status":"completed"},{"step":"edit","status":"in_progress"}]}`: "1 of 2 steps done: edit",
		`{"plan":[{"step":"look","status":"completed"}]}`:                                        "1 of 1 steps done",
		`{"plan":3}`: "0 of 0 steps done",
	} {
		if l := reg.Label("update_plan", arguments); l.Title != "Plan" || l.Detail != want {
			t.Errorf("label %+v, want %q", l, want)
		}
	}
}
