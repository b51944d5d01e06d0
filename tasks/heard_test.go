package tasks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tasks"
)

// A session whose model delegates hears once that its task has ended: with the
// user's next message, or not at all when it has asked for the task's status.
func TestEndOfATaskIsHeard(t *testing.T) {
	for _, asks := range []bool{false, true} {
		t.Run(fmt.Sprint("asks: ", asks), func(t *testing.T) {
			model := agenttest.Script(agenttest.Text("I see."), agenttest.Text("Nothing new."))
			f := withAgents(t, false, agenttest.Script(agenttest.Text("Child done.")), tasks.Options{})
			f.model = model
			res, err := f.Start(t.Context(), tasks.StartParams{Prompt: "do it"})
			if err != nil {
				t.Fatal(err)
			}
			if asks {
				got := f.registry.Call(t.Context(), f.env, "task_status", fmt.Sprintf(`{"task_id":%q,"wait":30}`, res.TaskID))
				if got.Text != "finished\n\nChild done." || got.Waited {
					t.Errorf("task_status: %+v", got)
				}
			} else if _, err := f.Wait(t.Context(), tasks.WaitParams{}); err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{"and?\n\n[task " + res.TaskID + " has ended: finished]", "and?"} {
				if _, err := f.sessions.Step(t.Context(), session.StepParams{SessionID: f.session, Prompt: "and?"}); err != nil {
					t.Fatal(err)
				}
				if asks {
					want = "and?"
				}
				reqs := model.Requests()
				messages := reqs[len(reqs)-1].Messages
				if got := messages[len(messages)-1].Content; got != want {
					t.Errorf("message %d is %q, want %q", i, got, want)
				}
			}
		})
	}
}

func TestStatusWaits(t *testing.T) {
	f := withAgents(t, false, agenttest.Func(slow), tasks.Options{})
	res, err := f.Start(t.Context(), tasks.StartParams{Prompt: "do it"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		wait, text string
		waited     bool
	}{
		{"0", "running", false},
		{"false", "running", false},
		{"0.001", "running", true},
		{`"0.001"`, "running", true},
		{"-1", "[error] wait: -1 seconds: give a number from 0 to 3600", false},
		{"3601", "[error] wait: 3601 seconds: give a number from 0 to 3600", false},
		{`"soon"`, "[error] task_status: arguments: wait: soon is no number of seconds; it takes task_id (string, required), wait (number, optional)", false},
		{"[]", "[error] task_status: arguments: wait: [] is no number of seconds; it takes task_id (string, required), wait (number, optional)", false},
	} {
		got := f.registry.Call(t.Context(), f.env, "task_status", fmt.Sprintf(`{"task_id":%q,"wait":%s}`, res.TaskID, tt.wait))
		if got.Text != tt.text || got.Waited != tt.waited {
			t.Errorf("wait %s: %+v", tt.wait, got)
		}
	}
	done := make(chan string)
	go func() {
		done <- f.registry.Call(t.Context(), f.env, "task_status", fmt.Sprintf(`{"task_id":%q,"wait":true}`, res.TaskID)).Text
	}()
	if _, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: res.TaskID}); err != nil {
		t.Fatal(err)
	}
	if got := <-done; !strings.HasPrefix(got, "cancelled") {
		t.Errorf("after the cancel: %q", got)
	}
	if got := f.registry.Call(t.Context(), f.env, "task_status", `{"task_id":"task_none","wait":5}`); !got.IsError {
		t.Errorf("of no task: %+v", got)
	}
}
