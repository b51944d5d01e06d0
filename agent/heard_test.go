package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// lastMessage returns the last message of the last request.
func lastMessage(m *agenttest.ScriptedModel) event.Message {
	reqs := m.Requests()
	list := reqs[len(reqs)-1].Messages
	return list[len(list)-1]
}

func TestHeardWithTheNextResultsOrMessage(t *testing.T) {
	var a *agent.Agent
	ends := tools.New("ends", "", func(context.Context, tools.Env, struct{}) (tools.Result, error) {
		a.Hear("task_1", "task task_1 has ended: finished")
		a.Hear("task_2", "task task_2 runs")
		a.Hear("task_2", "task task_2 has ended: failed")
		a.Hear("task_3", "task task_3 has ended: finished")
		a.Unhear("task_3")
		return tools.Text("ok"), nil
	})
	later := func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		a.Hear("task_4", "task task_4 has ended: finished")
		return agenttest.Text("Bye."), nil
	}
	var rec agenttest.Recorder
	model := agenttest.Script(
		agenttest.Calls("", agenttest.Call("", "ends", "{}"), agenttest.Call("", "echo", `{"text":"x"}`)), later, agenttest.Text("I see."), agenttest.Text("Nothing new."))
	a = agenttest.NewAgent(t, model, agent.Options{Client: &rec}, ends)
	a.Run(t.Context(), "go", agent.Turn{})
	want := []string{"ok", "x\n[task task_1 has ended: finished]\n[task task_2 has ended: failed]"}
	if diff := cmp.Diff(want, agenttest.Results(a.History())); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	a.Run(t.Context(), "and now?", agent.Turn{})
	if got := lastMessage(model); got.Role != event.RoleUser || got.Content != "and now?\n\n[task task_4 has ended: finished]" {
		t.Errorf("the model reads %+v", got)
	}
	a.Run(t.Context(), "and now?", agent.Turn{})
	if got := lastMessage(model); got.Content != "and now?" {
		t.Errorf("the model reads %+v", got)
	}
	for _, e := range rec.Events(event.KindMessage) {
		if strings.Contains(e.Text, "has ended") {
			t.Errorf("the user's message has what the user did not say: %q", e.Text)
		}
	}
	agenttest.CheckEvents(t, rec.Events())
}

func TestHeardIsBoundedAndPlain(t *testing.T) {
	model := agenttest.Script(agenttest.Text("ok"))
	a := agenttest.NewAgent(t, model, agent.Options{})
	for i := range 30 {
		a.Hear(fmt.Sprint(i), fmt.Sprintf("line %d\n\x1b[2J", i))
	}
	a.Run(t.Context(), "go", agent.Turn{})
	got := strings.Split(lastMessage(model).Content, "\n")
	if len(got) != 22 || got[2] != `[line 10 \x1b[2J]` || got[21] != `[line 29 \x1b[2J]` {
		t.Errorf("the model reads %q", got)
	}
}

// What the user does with files that turns have changed.
func TestHearsOfChangedFiles(t *testing.T) {
	write := func(name, content string) agent.Reply {
		return agenttest.Calling("", "write_file", map[string]any{"path": name, "content": content})
	}
	tests := []struct {
		name string
		does func(dir string) error
		want string // of the next message; "" for nothing
	}{
		{"nothing", func(string) error { return nil }, ""},
		{"changes one", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.txt"), []byte("user\n"), 0o600) }, "a.txt"},
		{"writes it again as it was", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.txt"), []byte("one\n"), 0o600) }, ""},
		{"removes one", func(dir string) error { return os.Remove(filepath.Join(dir, "b.txt")) }, "b.txt"},
		{"changes both", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "b.txt"), []byte("longer than before\n"), 0o600)
		}, "b.txt"},
		{"makes another", func(dir string) error { return os.WriteFile(filepath.Join(dir, "c.txt"), nil, 0o600) }, ""},
		{"puts a directory there", func(dir string) error {
			name := filepath.Join(dir, "a.txt")
			if err := os.Remove(name); err != nil {
				return err
			}
			return os.Mkdir(name, 0o700)
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			model := agenttest.Script(write("a.txt", "one\n"), write("b.txt", "two\n"), agenttest.Text("Done."), agenttest.Text("ok"), agenttest.Text("ok"))
			a := agenttest.NewAgent(t, model, agent.Options{})
			a.Run(t.Context(), "go", agent.Turn{})
			if err := tt.does(a.Runtime().Workspace().Dir()); err != nil {
				t.Fatal(err)
			}
			want := "and now?"
			if tt.want != "" {
				want += "\n\n[changed since your last turn, not by you: " + tt.want + "]"
			}
			a.Run(t.Context(), "and now?", agent.Turn{})
			if got := lastMessage(model).Content; got != want {
				t.Errorf("the model reads %q, want %q", got, want)
			}
			a.Run(t.Context(), "and now?", agent.Turn{})
			if got := lastMessage(model).Content; got != "and now?" {
				t.Errorf("the model hears of it twice: %q", got)
			}
		})
	}
}
