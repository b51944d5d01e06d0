package tasks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
	"github.com/pygent/pygent/tools"
)

// withAgents makes a fixture whose tasks are real agents with all tools.
func withAgents(t testing.TB, shell bool, child agent.Model, opts tasks.Options, more ...tools.Tool) *fixture {
	t.Helper()
	runner := &agentRunner{model: child}
	f := setup(t, shell, runner, opts, more...)
	runner.f = f // before the first task starts
	return f
}

func one(name string, args any) agent.Reply {
	return agenttest.Calls("", agenttest.Call("", name, args))
}

// slow is a model that never answers.
func slow(ctx context.Context, _ agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
	<-ctx.Done()
	return agent.Reply{}, context.Cause(ctx)
}

// The main use: an agent delegates with a file, the other one works on its copy
// with real commands, and the first one collects the result.
func TestDelegateWithFilesAndCollect(t *testing.T) {
	child := agenttest.Script(
		one("bash", map[string]any{"cmd": "mkdir -p out && tr a-z A-Z <data/in.txt >out/result.txt && cat out/result.txt"}),
		agenttest.Text("It is in out/result.txt."),
	)
	f := withAgents(t, true, child, tasks.Options{})
	write(t, f.parent, map[string]string{"data/in.txt": "hello\n", "secret.txt": "not for the child\n"})
	var id string
	parent := agenttest.Script(
		one("delegate_task", map[string]any{"prompt": "shout", "files": []string{"data/in.txt"}}),
		func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			return one("task_status", map[string]any{"task_id": id}), nil
		},
		func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			return one("collect_file", map[string]any{"task_id": id, "path": "out/result.txt", "dest": "result.txt"}), nil
		},
	)
	a := agent.New(parent, f.registry, f.parent, agent.Options{SessionID: f.session, Permissions: approval.Permissions{Mode: event.ModeAuto, Unconfined: true}})
	last := func() string {
		h := a.History()
		return h[len(h)-1].Content
	}
	step := func() string {
		t.Helper()
		if _, err := a.Step(t.Context(), "go on"); err != nil {
			t.Fatal(err)
		}
		return last()
	}
	text := step()
	id, _ = strings.CutPrefix(text, "started ")
	if !strings.HasPrefix(id, "task_") {
		t.Fatalf("delegate_task answered %q", text)
	}
	task := f.ended(t, id)
	if task.State != tasks.StateFinished || task.Status != "finished" || task.Text != "It is in out/result.txt." || task.Steps != 2 ||
		task.EndedAt == nil || task.Error != "" || task.Usage.InputTokens != 20 || task.Name != "shout" {
		t.Errorf("task %+v", task)
	}
	if got := step(); got != "finished\n\nIt is in out/result.txt." {
		t.Errorf("task_status answered %q", got)
	}
	if got := step(); got != "Retrieved result.txt" {
		t.Errorf("collect_file answered %q", got)
	}
	wantFile(t, f.parent, "result.txt", "HELLO\n")
	wantFile(t, f.made[0], "data/in.txt", "hello\n")
	wantFile(t, f.made[0], "secret.txt", "")
	// Its start, both of its model rounds, its end.
	if diff := cmp.Diff([]tasks.State{tasks.StateRunning, tasks.StateRunning, tasks.StateRunning, tasks.StateFinished}, f.told(id)); diff != "" {
		t.Error(diff)
	}
}

func TestCollectedFilesAreChangesOfTheTurn(t *testing.T) {
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		_, _, err := turn.Runtime.WriteFile("dir/a", "1\n2\n")
		return tasks.Outcome{State: tasks.StateFinished, Err: err}
	}), tasks.Options{})
	task := f.run(t, tasks.StartParams{})
	res := f.call(t, f.env, "collect_file", `{"task_id":"`+task.TaskID+`","path":"dir"}`)
	want := tools.Result{Text: "Retrieved dir", Changes: []runtime.Change{{Path: "dir/a", Change: runtime.ChangeAdded, Added: 2}}}
	if diff := cmp.Diff(want, res); diff != "" {
		t.Error(diff)
	}
}

func TestNestedDelegationIsRefused(t *testing.T) {
	child := agenttest.Script(
		one("delegate_task", map[string]any{"prompt": "you do it"}),
		one("collect_file", map[string]any{"task_id": "task_x", "path": "f"}),
		agenttest.Text("I did it myself."),
	)
	f := withAgents(t, false, child, tasks.Options{})
	task := f.run(t, tasks.StartParams{})
	if task.State != tasks.StateFinished || task.Text != "I did it myself." {
		t.Errorf("task %+v", task)
	}
	if list, _ := f.List(t.Context(), tasks.ListParams{}); len(list.Tasks) != 1 {
		t.Errorf("%d tasks", len(list.Tasks))
	}
	for _, req := range child.Requests()[1:] {
		if got := req.Messages[len(req.Messages)-1].Content; got != "[error] nested delegation is not allowed" {
			t.Errorf("the child read %q", got)
		}
	}
}

func TestStepTimeoutNamesItsLimit(t *testing.T) { // the original said "timeout after Nones"
	synctest.Test(t, func(t *testing.T) {
		f := withAgents(t, false, agenttest.Func(slow), tasks.Options{TaskTimeout: time.Hour})
		begin := time.Now()
		task := f.run(t, tasks.StartParams{StepTimeoutSeconds: 0.2})
		if task.State != tasks.StateTimeout || task.Status != "timeout after 0.2s" || time.Since(begin) != 200*time.Millisecond {
			t.Errorf("after %v: %+v", time.Since(begin), task)
		}
	})
}

func TestTaskTimeoutEndsTheCommandInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		child := agenttest.Script(one("bash", map[string]any{"cmd": "hang", "timeout": 3600}))
		f := withAgents(t, false, child, tasks.Options{StepTimeout: time.Hour})
		begin := time.Now()
		res, err := f.Start(t.Context(), tasks.StartParams{Prompt: "wait", TaskTimeoutSeconds: 60})
		if err != nil || res.State != tasks.StateRunning || time.Since(begin) != 0 {
			t.Fatalf("%+v, %v after %v", res, err, time.Since(begin))
		}
		if task, _ := f.Status(t.Context(), tasks.TaskParams{TaskID: res.TaskID}); task.Status != "running" {
			t.Errorf("status %q", task.Status)
		}
		wait, err := f.Wait(t.Context(), tasks.WaitParams{})
		if err != nil || len(wait.Done) != 1 || wait.Done[0].Status != "timeout after 60s" || time.Since(begin) != time.Minute {
			t.Errorf("after %v: %+v, %v", time.Since(begin), wait, err)
		}
	})
}

func TestDefaultTimeoutsGiveWayToTheTasksOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := withAgents(t, false, agenttest.Func(slow), tasks.Options{StepTimeout: time.Hour, TaskTimeout: 2 * time.Second})
		if task := f.run(t, tasks.StartParams{}); task.Status != "timeout after 2s" {
			t.Errorf("status %q", task.Status)
		}
		if task := f.run(t, tasks.StartParams{TaskTimeoutSeconds: 5}); task.Status != "timeout after 5s" {
			t.Errorf("status %q", task.Status)
		}
	})
}

func TestRealCommandDiesWithItsTask(t *testing.T) {
	child := agenttest.Script(one("bash", map[string]any{"cmd": "echo begun; sleep 1000", "timeout": 3600}))
	f := withAgents(t, true, child, tasks.Options{})
	task := f.run(t, tasks.StartParams{TaskTimeoutSeconds: 0.5})
	if task.State != tasks.StateTimeout || task.Status != "timeout after 0.5s" {
		t.Errorf("task %+v", task)
	}
}

func TestBudgetAndStepLimitAreNotFinished(t *testing.T) {
	forever := agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		return one("write_file", map[string]any{"path": "f", "content": "x"}), nil
	})
	f := withAgents(t, false, forever, tasks.Options{})
	if task := f.run(t, tasks.StartParams{}); task.State != tasks.StateStepLimit || task.Status != "step limit reached after 20 steps" {
		t.Errorf("task %+v", task)
	}
	if task := f.run(t, tasks.StartParams{Limits: &event.Limits{Tokens: 40}}); task.State != tasks.StateBudget || task.Status != "token budget used up" || task.Steps != 3 {
		t.Errorf("task %+v", task)
	}
}

func TestCustomToolInATask(t *testing.T) {
	type in struct {
		Name string `json:"name"`
	}
	hello := tools.New("hello", "Greet.", func(_ context.Context, env tools.Env, in in) (tools.Result, error) {
		text, change, err := env.Runtime.WriteFile("hello.txt", "Hello "+in.Name+"!\n")
		return tools.Result{Text: text, Changes: []runtime.Change{change}}, err
	})
	f := withAgents(t, false, agenttest.Script(one("hello", map[string]any{"name": "Ada"}), agenttest.Text("ok")), tasks.Options{}, hello)
	task := f.run(t, tasks.StartParams{})
	want := []runtime.Change{{Path: "hello.txt", Change: runtime.ChangeAdded, Added: 1}}
	if diff := cmp.Diff(want, task.Changes); diff != "" {
		t.Error(diff)
	}
}

func TestPersonasTakeTurns(t *testing.T) {
	var got []string
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		got = append(got, turn.Persona)
		return tasks.Outcome{State: tasks.StateFinished}
	}), tasks.Options{Personas: []string{"a tester", "a critic"}})
	for _, persona := range []string{"", "a poet", "", ""} {
		f.run(t, tasks.StartParams{Persona: persona})
	}
	if diff := cmp.Diff([]string{"a tester", "a poet", "a critic", "a tester"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheSmallerOfTwoTimeLimitsCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := withAgents(t, false, agenttest.Func(slow), tasks.Options{})
		for _, p := range []tasks.StartParams{
			{Limits: &event.Limits{TimeoutSeconds: 2}},
			{Limits: &event.Limits{TimeoutSeconds: 2}, TaskTimeoutSeconds: 9},
			{Limits: &event.Limits{TimeoutSeconds: 9}, TaskTimeoutSeconds: 2},
		} {
			if task := f.run(t, p); task.Status != "timeout after 2s" {
				t.Errorf("%+v: status %q", p, task.Status)
			}
		}
	})
}

func TestWhatIsNotThereYetIsRefused(t *testing.T) {
	f := withAgents(t, false, agenttest.Func(slow), tasks.Options{})
	for field, p := range map[string]tasks.StartParams{
		"check":          {Prompt: "x", Check: "make test"},
		"attempts":       {Prompt: "x", Attempts: 2},
		"limits.costUsd": {Prompt: "x", Limits: &event.Limits{CostUSD: -1}},
	} {
		var bad *runtime.InvalidError
		if _, err := f.Start(t.Context(), p); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestListsDoNotGrowWithWhatTasksSay(t *testing.T) {
	long := strings.Repeat("word ", 100_000)
	f := withAgents(t, false, agenttest.Script(agenttest.Text(long)), tasks.Options{})
	id := f.start(t, tasks.StartParams{Prompt: long})
	brief := f.ended(t, id)
	if len(brief.Prompt) > 2<<10 || len(brief.Text) > 8<<10 {
		t.Errorf("prompt of %d and text of %d bytes in a list", len(brief.Prompt), len(brief.Text))
	}
	whole, err := f.Status(t.Context(), tasks.TaskParams{TaskID: id})
	if err != nil || whole.Text != long || whole.Prompt != long {
		t.Errorf("status has a prompt of %d and a text of %d bytes, %v", len(whole.Prompt), len(whole.Text), err)
	}
}
