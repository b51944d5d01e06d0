package tasks_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
	"github.com/pygent/pygent/tools"
)

// fixture is a manager with the parts around it.
type fixture struct {
	*tasks.Manager
	sessions *session.Manager
	store    *journal.Store // of all sessions
	client   *agenttest.Recorder
	broker   *approval.Broker
	registry *tools.Registry
	parent   *runtime.Runtime
	session  string    // the id of the session that delegates
	env      tools.Env // of a tool that the parent's agent calls

	telling func(tasks.Task)                // called before a change is noted; may be nil
	making  func(ctx context.Context) error // called before a runtime is made; may be nil

	mu      sync.Mutex
	changes []tasks.Task       // as they were told
	made    []*runtime.Runtime // of tasks
}

// setup makes a manager whose tasks have bash, write_file, the manager's tools
// and more. Commands run if shell is set, otherwise none does.
func setup(t testing.TB, shell bool, runner inprocess.Runner, opts tasks.Options, more ...tools.Tool) *fixture {
	t.Helper()
	f := &fixture{store: agenttest.NewStore(t), client: &agenttest.Recorder{}, broker: &approval.Broker{}}
	f.sessions = newSessions(t, shell, f)
	opts.Sessions, opts.Client = f.sessions, f.client
	opts.Backend = inprocess.New(inprocess.Options{Runner: runner, NewRuntime: func(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
		return f.newRuntime(ctx, t, shell, ws)
	}})
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
	reg, err := tools.NewRegistry(append(append([]tools.Tool{tools.Bash(), tools.WriteFile()}, f.Tools()...), more...)...)
	if err != nil {
		t.Fatal(err)
	}
	f.registry = reg
	at, err := f.sessions.Place(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	f.parent, f.session = at.Runtime, at.SessionID
	f.env = tools.Env{Runtime: f.parent, SessionID: f.session}
	return f
}

// newManager makes a manager of one task at a time, which the test closes.
func newManager(t testing.TB, lifetime context.Context, opts inprocess.Options) *tasks.Manager {
	t.Helper()
	return tasks.NewManager(lifetime, tasks.Options{Max: 1, Backend: inprocess.New(opts), Sessions: newSessions(t, false, &fixture{registry: agenttest.Registry(t)})})
}

// newSessions makes sessions whose agents have no model, but may do anything.
func newSessions(t testing.TB, shell bool, f *fixture) *session.Manager {
	t.Helper()
	s := session.NewManager(context.Background(), session.Options{
		Store: f.store, Broker: f.broker,
		New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agent.New(agenttest.Script(), f.registry, newRuntime(t, shell), agent.Options{
				SessionID: spec.SessionID, Client: f.client, Broker: f.broker, Permissions: agenttest.Anything,
			}), nil
		},
	})
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// newRuntime makes the runtime of a task's turn.
func (f *fixture) newRuntime(ctx context.Context, t testing.TB, shell bool, ws *runtime.Workspace) (*runtime.Runtime, error) {
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
	var exec runtime.Executor = runtimetest.NewFake(map[string]runtimetest.Script{"ok": {Output: "fine\n"}, "hang": {Block: true}}, nil)
	if shell {
		exec = local.New(ws, local.Options{})
	}
	return runtime.New(ws, exec, runtime.Options{})
}

// workspaces counts the existing workspaces of tasks.
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

// told returns the reported states of a task, in order.
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
	return f.registry.Call(t.Context(), env, name, arguments)
}

func write(t testing.TB, rt *runtime.Runtime, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if err := put(rt, name, content); err != nil {
			t.Fatal(err)
		}
	}
}

// put writes a file as a command does: nothing is protected from it.
func put(rt *runtime.Runtime, name, content string) error {
	file := filepath.Join(rt.Workspace().Dir(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(content), 0o644)
}

// wantFile fails unless a file has the content; "" means that it does not exist.
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
