package backendtest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// isNew is part of the text that tells an agent of an empty workspace.
const isNew = "new, empty"

func write(path, content string) agent.Reply {
	return agenttest.Calling("", "write_file", map[string]any{"path": path, "content": content})
}

// told returns all messages of a request but the system prompt.
func told(req agent.Request) string {
	var b strings.Builder
	for _, m := range req.Messages[1:] {
		b.WriteString(m.Content + "\n")
	}
	return b.String()
}

// last returns the last message of a request.
func last(req agent.Request) string { return req.Messages[len(req.Messages)-1].Content }

func used(rounds int64) event.Usage {
	return event.Usage{InputTokens: 10 * rounds, OutputTokens: 5 * rounds}
}

// A turn reports its progress and its outcome. The client gets its events.
func turn(t *testing.T, open Open) {
	b := set(t, open, agenttest.Script(write("out.txt", "1\n"), agenttest.Text("done")))
	a := b.assignment("turn", "go")
	b.prepare(a)
	out, progress := b.run(t.Context(), a)
	want := tasks.Outcome{
		State: tasks.StateFinished, Text: "done", Steps: 2, Usage: used(2),
		Changes: []runtime.Change{{Path: "out.txt", Change: runtime.ChangeAdded, Added: 1}},
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]tasks.Progress{{Steps: 1, Usage: used(1)}, {Steps: 2, Usage: used(2)}}, progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	end := b.client.WaitKind(t, event.KindTurnFinished)
	if end.SessionID != a.SessionID || end.TaskID != a.TaskID || end.Status != event.StatusCompleted {
		t.Errorf("the end as the client sees it: %+v", end)
	}
}

// A further turn has the files and the conversation of the earlier ones.
func furtherTurn(t *testing.T, open Open) {
	model := agenttest.Script(write("one.txt", "1"), agenttest.Text("one"), write("two.txt", "2"), agenttest.Text("two"))
	b := set(t, open, model)
	a := b.assignment("further", "the first prompt")
	b.prepare(a)
	b.finish(a)
	a.Prompt = "the second prompt"
	if out := b.finish(a); out.Text != "two" || out.Steps != 2 || out.Usage != used(2) || len(out.Changes) != 1 {
		t.Errorf("the second turn: %+v", out)
	}
	b.wantFile(a.TaskID, "one.txt", "1")
	b.wantFile(a.TaskID, "two.txt", "2")
	if got := told(model.Requests()[2]); !strings.Contains(got, "the first prompt") || !strings.HasSuffix(got, "the second prompt\n") || strings.Contains(got, isNew) {
		t.Errorf("the second turn was told %q", got)
	}
}

// A task of an earlier server gets a new workspace in its next turn, and its
// agent is told so once.
func notPrepared(t *testing.T, open Open) {
	model := agenttest.Script(write("one.txt", "1"), agenttest.Text("one"), agenttest.Text("two"))
	b := set(t, open, model)
	a := b.assignment("restored", "go on")
	b.finish(a)
	a.Prompt = "and on"
	b.finish(a)
	b.wantFile(a.TaskID, "one.txt", "1")
	if got := last(model.Requests()[0]); !strings.Contains(got, isNew) || !strings.Contains(got, "go on") {
		t.Errorf("the first turn was told %q", got)
	}
	if got := last(model.Requests()[2]); got != "and on" {
		t.Errorf("the second turn was told %q", got)
	}
}

// Limits bound each turn anew.
func limits(t *testing.T, open Open) {
	b := set(t, open, agenttest.Script(write("a", "1"), write("b", "1"), write("c", "1"), write("d", "1")))
	a := b.assignment("limits", "go")
	a.Limits.Tokens = 20
	b.prepare(a)
	for range 2 {
		out, _ := b.run(t.Context(), a)
		b.wantState(out, tasks.StateBudget)
		if out.Usage != used(2) {
			t.Errorf("%+v", out)
		}
	}
}

// Concurrent tasks share nothing.
func atOnce(t *testing.T, open Open) {
	var all sync.WaitGroup
	all.Add(tasks.DefaultMax)
	model := agenttest.Func(func(ctx context.Context, req agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
		prompt := req.Messages[1].Content
		if len(req.Messages) == 2 {
			return write("mine.txt", prompt), nil
		}
		all.Done()
		all.Wait() // each has written
		return agenttest.Text(prompt), nil
	})
	b := set(t, open, model)
	var running sync.WaitGroup
	for i := range tasks.DefaultMax {
		a := b.assignment(fmt.Sprint(i), fmt.Sprintf("prompt %d", i))
		b.prepare(a)
		running.Go(func() {
			out, progress := b.runBeside(t.Context(), a)
			b.wantState(out, tasks.StateFinished)
			if out.Text != a.Prompt || len(progress) != 2 {
				t.Errorf("%+v after %+v", out, progress)
			}
		})
	}
	running.Wait()
	for i := range tasks.DefaultMax {
		id, prompt := fmt.Sprintf("task_%d", i), fmt.Sprintf("prompt %d", i)
		b.wantFile(id, "mine.txt", prompt)
		for _, e := range b.client.Events(event.KindMessage) {
			if e.TaskID == id && e.Text != "" && e.Text != prompt {
				t.Errorf("%s said %q", id, e.Text)
			}
		}
	}
}

// An assignment is the same after a round trip through JSON.
func asJSON(t *testing.T, open Open) {
	model := agenttest.Script(agenttest.Text("done"), agenttest.Text("done"))
	b := set(t, open, model)
	b.files("a.txt")
	a := b.assignment("first", "go", "a.txt")
	a.ByAgent, a.Persona, a.Model, a.Mode = true, "a critic", "m2", event.ModeAuto
	a.Limits = event.Limits{TimeoutSeconds: 60, Tokens: 1000, CostUSD: 0.5}
	a.StepTimeoutSeconds = 30

	whole := a
	whole.Answer = &tasks.Answer{RequestKey: "a_1", Decision: event.DecisionDeny, Feedback: "no"}
	whole.Base, whole.Traceparent = "base", "00-01-02-00"
	whole.Setup, whole.Check = &tasks.Command{Command: "make", TimeoutSeconds: 1.5}, &tasks.Command{Command: "make test"}
	for v, i := reflect.ValueOf(whole), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the test does not set %s", v.Type().Field(i).Name)
		}
	}
	if diff := cmp.Diff(whole, sent(t, whole)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	second := sent(t, a)
	second.TaskID, second.SessionID = "task_second", "s_second"
	var outs []tasks.Outcome
	for _, a := range []tasks.Assignment{a, second} {
		b.prepare(a)
		outs = append(outs, b.finish(a))
		b.wantFile(a.TaskID, "a.txt", "a.txt")
	}
	if diff := cmp.Diff(outs[0], outs[1]); diff != "" {
		t.Errorf("outcomes:\n%s", diff)
	}
	requests := model.Requests()
	if diff := cmp.Diff(requests[0], requests[1]); diff != "" || requests[0].Model != "m2" || !strings.Contains(requests[0].Messages[0].Content, "a critic") {
		t.Errorf("the model was asked %+v\n%s", requests[0], diff)
	}
}

// sent returns an assignment after a round trip through JSON.
func sent(t *testing.T, a tasks.Assignment) (got tasks.Assignment) {
	t.Helper()
	text, err := json.Marshal(a)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}
