package tasks_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tools"
)

// runnerFunc makes a Runner of a function.
type runnerFunc func(ctx context.Context, job tasks.Job) tasks.Outcome

func (f runnerFunc) Run(ctx context.Context, job tasks.Job) tasks.Outcome { return f(ctx, job) }

// finishing ends each job at once.
var finishing = runnerFunc(func(context.Context, tasks.Job) tasks.Outcome {
	return tasks.Outcome{State: tasks.StateFinished, Text: "done", Steps: 1}
})

// waiting goes on until its context ends.
var waiting = runnerFunc(func(ctx context.Context, _ tasks.Job) tasks.Outcome {
	<-ctx.Done()
	return tasks.Outcome{State: tasks.StateCancelled, Err: context.Cause(ctx)}
})

// agentRunner runs jobs with real agents, as the program does.
type agentRunner struct {
	model agent.Model
	tools *tools.Registry
}

func (r *agentRunner) Run(ctx context.Context, job tasks.Job) tasks.Outcome {
	a := agent.New(r.model, r.tools, job.Runtime, agent.Options{
		Permissions: agent.Permissions{Mode: agent.ModeAuto, Unconfined: true},
		Persona:     job.Persona, ModelName: job.Model, StepTimeout: job.StepTimeout, SessionID: job.SessionID, TaskID: job.TaskID,
	})
	out := a.Run(ctx, job.Prompt, agent.Turn{MaxSteps: 20, Tokens: job.Tokens})
	states := map[string]tasks.State{
		agent.StatusCompleted: tasks.StateFinished,
		agent.StatusStepLimit: tasks.StateStepLimit,
		agent.StatusTimeout:   tasks.StateTimeout,
		agent.StatusBudget:    tasks.StateBudget,
		agent.StatusCancelled: tasks.StateCancelled,
		agent.StatusFailed:    tasks.StateFailed,
	}
	return tasks.Outcome{
		State: states[out.Status], Text: out.Text, Steps: out.Steps, Changes: out.Changes, Err: out.Err,
		Usage: tasks.Usage{InputTokens: out.Usage.InputTokens, OutputTokens: out.Usage.OutputTokens, CachedTokens: out.Usage.CachedTokens},
	}
}

// fixture is a manager with what surrounds it.
type fixture struct {
	*tasks.Manager
	parent *runtime.Runtime
	env    tools.Env // of a tool that the parent's agent calls

	telling func(tasks.Task)                // called before a change is noted; may be nil
	making  func(ctx context.Context) error // called before a runtime is made; may be nil

	mu      sync.Mutex
	changes []tasks.Task       // as they were told
	made    []*runtime.Runtime // of tasks
}

// setup makes a manager. Commands run for real if shell is set, else none does.
func setup(t testing.TB, shell bool, opts tasks.Options) *fixture {
	t.Helper()
	f := &fixture{parent: newRuntime(t, shell)}
	f.env = tools.Env{Runtime: f.parent, SessionID: "s_1"}
	opts.Parent = func(context.Context, string) (tasks.Parent, error) {
		return tasks.Parent{SessionID: "s_1", Runtime: f.parent}, nil
	}
	opts.NewRuntime = func(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
		if f.making != nil {
			if err := f.making(ctx); err != nil {
				return nil, err
			}
		}
		if ws != nil {
			return runtimeIn(ws, shell), nil
		}
		rt := newRuntime(t, shell)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.made = append(f.made, rt)
		return rt, nil
	}
	opts.Changed = func(task tasks.Task) {
		if f.telling != nil {
			f.telling(task)
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.changes = append(f.changes, task)
	}
	f.Manager = tasks.NewManager(context.Background(), opts)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := f.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		if n := f.workspaces(); n != 0 {
			t.Errorf("%d workspaces of tasks are left", n)
		}
	})
	return f
}

func newRuntime(t testing.TB, shell bool) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtimeIn(ws, shell)
	t.Cleanup(func() { // also when the manager failed to
		if err := rt.Cleanup(context.Background()); err != nil {
			t.Errorf("Cleanup: %v", err)
		}
	})
	return rt
}

func runtimeIn(ws *runtime.Workspace, shell bool) *runtime.Runtime {
	var exec runtime.Executor = runtimetest.NewFake(map[string]runtimetest.Script{"hang": {Block: true}}, nil)
	if shell {
		exec = local.New(ws, local.Options{})
	}
	return runtime.New(ws, exec, runtime.Options{})
}

// workspaces counts those of tasks that are still there.
func (f *fixture) workspaces() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, rt := range f.made {
		if rt.Workspace().Check() == nil {
			n++
		}
	}
	return n
}

// told are the states of a task that were told, in order.
func (f *fixture) told(id string) []tasks.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	var states []tasks.State
	for _, task := range f.changes {
		if task.TaskID == id {
			states = append(states, task.State)
		}
	}
	return states
}

func (f *fixture) start(t testing.TB, p tasks.StartParams) string {
	t.Helper()
	if p.Prompt == "" {
		p.Prompt = "do it"
	}
	res, err := f.Start(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return res.TaskID
}

func seconds(s float64) *float64 { return &s }

// ended waits for a task's end.
func (f *fixture) ended(t testing.TB, id string) tasks.Task {
	t.Helper()
	res, err := f.Wait(t.Context(), tasks.WaitParams{TaskIDs: []string{id}, TimeoutSeconds: seconds(30)})
	if err != nil || len(res.Done) != 1 {
		t.Fatalf("task %s did not end: %+v, %v", id, res, err)
	}
	return res.Done[0]
}

// run starts a task and waits for its end.
func (f *fixture) run(t testing.TB, p tasks.StartParams) tasks.Task {
	t.Helper()
	return f.ended(t, f.start(t, p))
}

// call runs one of the manager's tools.
func (f *fixture) call(t testing.TB, env tools.Env, name, arguments string) tools.Result {
	t.Helper()
	reg, err := tools.NewRegistry(f.Tools()...)
	if err != nil {
		t.Fatal(err)
	}
	return reg.Call(t.Context(), env, name, arguments)
}

func write(t testing.TB, rt *runtime.Runtime, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if _, _, err := rt.WriteFile(name, content); err != nil {
			t.Fatal(err)
		}
	}
}

// wantFile fails unless a file has the content; "" means that it is not there.
func wantFile(t testing.TB, rt *runtime.Runtime, name, want string) {
	t.Helper()
	got, _, _, err := rt.ReadFile(name, false)
	if want == "" && err == nil {
		t.Errorf("%s is there: %q", name, got)
	}
	if want != "" && (err != nil || got != want) {
		t.Errorf("%s: %q, %v; want %q", name, got, err, want)
	}
}
