package tasks_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tools"
)

func TestLabels(t *testing.T) {
	f := withAgents(t, false, agenttest.Script(), tasks.Options{})
	reg, err := tools.NewRegistry(f.Tools()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tool, arguments string
		want            tools.Label
	}{
		{"delegate_task", `{"files":["a"],"prompt":"Fix\nit."}`, tools.Label{Title: "Delegate", Detail: "Fix\nit."}},
		{"task_status", `{"task_id":"task_none"}`, tools.Label{Title: "Look at task", Detail: "task_none"}},
		{"collect_file", `{"dest":"b","path":"a","task_id":"task_none"}`, tools.Label{Title: "Collect", Detail: "a"}},
	} {
		if diff := cmp.Diff(c.want, reg.Label(c.tool, c.arguments)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.tool, diff)
		}
	}
}
