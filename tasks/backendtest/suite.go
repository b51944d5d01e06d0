package backendtest

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
	"github.com/pygent/pygent/tools"
)

// Parts are the parts of a backend.
type Parts struct {
	// Agents run the turns.
	Agents inprocess.Agents

	// NewRuntime makes the runtime of a turn, as in inprocess.Options.
	NewRuntime func(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error)
}

// Open makes a backend of parts, and ends it with t if necessary.
type Open func(t *testing.T, parts Parts) tasks.Backend

// Run tests a backend. Each case opens its own.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open Open)
	}{
		{"prepare copies files", prepareCopies},
		{"prepare refuses", prepareRefuses},
		{"turn", turn},
		{"further turn", furtherTurn},
		{"not prepared", notPrepared},
		{"asks", asks},
		{"waits", waits},
		{"answer", answer},
		{"limits", limits},
		{"cancel", cancelled},
		{"time limit", timeLimit},
		{"left running", leftRunning},
		{"panic", panics},
		{"not begun", notBegun},
		{"workspace", workspace},
		{"discard", discard},
		{"tasks at once", atOnce},
		{"assignment as JSON", asJSON},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// bench is a backend with the parts around it.
type bench struct {
	tasks.Backend
	t      *testing.T
	store  *journal.Store
	client *agenttest.Recorder // of the agents
	broker *approval.Broker
	parent session.Place // delegates the tasks
	begun  chan string   // what "hang" says when it begins

	running atomic.Int32 // calls of the model and commands

	mu     sync.Mutex
	broken error // makes every further runtime fail
	made   []*runtime.Workspace
	ids    map[string]bool // of tasks
}

// set makes a backend whose agents have the model, bash, write_file and ask_user,
// and may do everything. The commands are "ok" and "hang".
func set(t *testing.T, open Open, model agent.Model) *bench {
	t.Helper()
	b := &bench{
		t: t, store: agenttest.NewStore(t), client: &agenttest.Recorder{}, broker: &approval.Broker{},
		begun: make(chan string, 10), ids: map[string]bool{},
	}
	registry, err := tools.NewRegistry(tools.Bash(), tools.WriteFile(), tools.AskUser())
	if err != nil {
		t.Fatal(err)
	}
	sessions := session.NewManager(context.Background(), session.Options{
		Store: b.store, Broker: b.broker,
		New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agent.New(agenttest.Script(), registry, agenttest.NewRuntime(t), agent.Options{
				SessionID: spec.SessionID, Broker: b.broker, Permissions: agenttest.Anything,
			}), nil
		},
	})
	t.Cleanup(func() {
		if err := sessions.Close(context.Background()); err != nil {
			t.Errorf("close the sessions: %v", err)
		}
	})
	if b.parent, err = sessions.Place(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	b.Backend = open(t, Parts{
		Agents: inprocess.Agents{
			Sessions: sessions, Client: b.client, Broker: b.broker,
			Settings: func() inprocess.Settings {
				return inprocess.Settings{Model: b.counted(model), ModelName: "m", SystemPrompt: "You help.", Registry: registry}
			},
		},
		NewRuntime: b.newRuntime,
	})
	t.Cleanup(b.end)
	return b
}

// end discards all tasks, after which nothing may be left.
func (b *bench) end() {
	for id := range b.ids {
		if err := b.Discard(context.Background(), id); err != nil {
			b.t.Errorf("discard %s: %v", id, err)
		}
	}
	b.wantLeft(0)
}

func (b *bench) newRuntime(_ context.Context, ws *runtime.Workspace) (_ *runtime.Runtime, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return nil, b.broken
	}
	if ws == nil {
		if ws, err = runtime.TempWorkspace(); err != nil {
			return nil, err
		}
		b.made = append(b.made, ws)
	}
	fake := runtimetest.NewFake(map[string]runtimetest.Script{
		"ok":   {Output: "fine\n"},
		"hang": {Block: true, Do: func(runtime.Command) error { b.begun <- "hang"; return nil }},
	}, nil)
	return runtime.New(ws, counted{fake, &b.running}, runtime.Options{}), nil
}

// breakRuntimes makes every further runtime fail with err; nil stops that.
func (b *bench) breakRuntimes(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
}

// wantLeft fails unless there are want workspaces of tasks.
func (b *bench) wantLeft(want int) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, ws := range b.made {
		if ws.Check() == nil {
			n++
		}
	}
	if n != want {
		b.t.Errorf("%d workspaces are left, want %d", n, want)
	}
}

// counted counts the running commands.
type counted struct {
	runtime.Executor
	running *atomic.Int32
}

func (c counted) Exec(ctx context.Context, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	c.running.Add(1)
	defer c.running.Add(-1)
	return c.Executor.Exec(ctx, cmd, out)
}

// counted counts the running calls of the model.
func (b *bench) counted(model agent.Model) agent.Model {
	return agenttest.Func(func(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		b.running.Add(1)
		defer b.running.Add(-1)
		return model.Chat(ctx, req, emit)
	})
}
