package rpc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tools"
)

// house is the whole domain below the protocol, joined as the program joins it,
// with a scripted model and scripted commands.
type house struct {
	t        testing.TB
	model    agent.Model
	commands []houseCommand
	files    []txtar.File // of the session's workspace
	registry *tools.Registry
	server   *Server
	sessions *agent.Sessions
	broker   *agent.Broker
	tasks    *tasks.Manager
	undo     *agent.Undo
}

// houseCommand is what one command line does; one that is not there is not found.
type houseCommand struct {
	Run    string            `json:"run"`
	Output string            `json:"output"`
	Exit   int               `json:"exit"`
	Block  bool              `json:"block"` // it runs until it is ended
	Writes map[string]string `json:"writes"`
}

// open joins the parts. What runs beside requests ends with lifetime.
func (h *house) open(lifetime context.Context) {
	h.t.Helper()
	h.server = NewServer(Options{Version: "1.0.0", Initialize: h.initialize, Close: h.close})
	peer := h.server.Peer()
	h.undo = agent.NewUndo(agent.UndoOptions{})
	broker := &agent.Broker{}
	h.broker = broker
	h.tasks = tasks.NewManager(lifetime, tasks.Options{
		Runner: houseRunner{h},
		Parent: func(ctx context.Context, id string) (tasks.Parent, error) {
			at, err := h.sessions.Place(ctx, id)
			return tasks.Parent{SessionID: at.SessionID, Runtime: at.Runtime}, err
		},
		NewRuntime: func(_ context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) { return h.runtimeIn(ws, nil) },
		Changed:    func(task tasks.Task) { peer.TaskChanged(lifetime, task) },
	})
	h.sessions = agent.NewSessions(lifetime, agent.SessionsOptions{
		New: func(_ context.Context, spec agent.Spec) (*agent.Agent, error) {
			rt, err := h.runtimeIn(nil, h.files)
			if err != nil {
				return nil, err
			}
			return agent.New(h.model, h.registry, rt, agent.Options{
				ModelName: cmp.Or(spec.Model, "m"), SystemPrompt: spec.SystemPrompt, Disabled: spec.DisabledTools,
				SessionID: spec.SessionID, Client: peer, Undo: h.undo, Broker: broker,
				Permissions: agent.Permissions{Mode: cmp.Or(spec.Mode, agent.ModeAuto), Unconfined: true},
			}), nil
		},
		Undo:      h.undo,
		Store:     journal.NewStore(h.t.TempDir()),
		PathOfURI: PathOfURI,
		URIOfPath: URIOfPath,
		Describe:  Detail,
		Tasks:     agent.TaskHooks{Session: h.tasks.SessionOf, Cancel: h.tasks.CancelOf, Forget: h.tasks.RemoveOf, Workspace: h.tasks.Workspace, Protected: tasks.Protected},
		Broker:    broker,
	})
	list := append([]tools.Tool{tools.Bash(), tools.WriteFile(), tools.DownloadFile()}, h.tasks.Tools()...)
	registry, err := tools.NewRegistry(append(list, tools.AskUser(), tools.Stop(), tools.JobOutput(), tools.JobKill())...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.registry = registry
	h.server.Provide(h.sessions, h.tasks)
}

func (h *house) initialize(context.Context, InitializeParams) (Setup, error) {
	return Setup{Runtime: runtimetest.NewFake(nil, nil).Info(), Tools: h.registry.Names(), MaxTasks: h.tasks.Max()}, nil
}

func (h *house) close(ctx context.Context) error {
	return errors.Join(h.tasks.Close(ctx), h.sessions.Close(ctx))
}

// runtimeIn makes one in ws, or for nil in a temporary workspace, with the given
// files.
func (h *house) runtimeIn(ws *runtime.Workspace, files []txtar.File) (*runtime.Runtime, error) {
	if ws == nil {
		var err error
		if ws, err = runtime.TempWorkspace(); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if _, err := ws.WriteFile(f.Name, f.Data); err != nil {
			return nil, errors.Join(err, ws.Close())
		}
	}
	scripts := map[string]runtimetest.Script{}
	for _, c := range h.commands {
		scripts[c.Run] = runtimetest.Script{
			Output: c.Output, Exit: runtime.Exit{Code: c.Exit}, Block: c.Block,
			Do: func(runtime.Command) error {
				for path, text := range c.Writes {
					if _, err := ws.WriteFile(path, []byte(text)); err != nil {
						return err
					}
				}
				return nil
			},
		}
	}
	return runtime.New(ws, runtimetest.NewFake(scripts, nil), runtime.Options{}), nil
}

// houseRunner runs delegated tasks.
type houseRunner struct{ h *house }

func (r houseRunner) Run(ctx context.Context, job tasks.Job) tasks.Outcome {
	may := r.h.sessions.Permissions(job.ParentSessionID)
	out, unkept := r.h.sessions.RunDelegated(ctx, agent.Delegated{
		SessionID: job.SessionID, TaskID: job.TaskID, ParentSessionID: job.ParentSessionID, Name: job.Name, Task: job.Task,
		Prompt: job.Prompt,
		Spec:   agent.Spec{Mode: job.Mode},
		Turn:   agent.Turn{Progress: func(steps int, used agent.Usage) { job.Progress(steps, houseUsage(used)) }},
		New: func(spec agent.Spec) *agent.Agent {
			return agent.New(r.h.model, r.h.registry, job.Runtime, agent.Options{
				ModelName: "m", SessionID: job.SessionID, TaskID: job.TaskID, ParentID: job.ParentSessionID, Client: r.h.server.Peer(),
				Alone: job.ByAgent, Undo: r.h.undo, Broker: r.h.broker, Permissions: may.Within(spec.Mode),
			})
		},
	})
	state := map[string]tasks.State{
		agent.StatusCompleted: tasks.StateFinished, agent.StatusCancelled: tasks.StateCancelled, agent.StatusWaiting: tasks.StateWaiting,
	}[out.Status]
	if state == "" {
		state = tasks.StateFailed
	}
	o := tasks.Outcome{State: state, Text: out.Text, Steps: out.Steps, Usage: houseUsage(out.Usage), Changes: out.Changes, Err: out.Err, Unkept: unkept}
	if q := out.Question; q != nil {
		o.Question = &tasks.Question{Text: q.Text, Options: q.Options}
	}
	return o
}

func houseUsage(u agent.Usage) tasks.Usage {
	return tasks.Usage{InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, CachedTokens: u.CachedTokens}
}

// storyModel gives its replies one after the other.
type storyModel struct {
	mu      sync.Mutex
	replies []storyReply
}

// storyReply is what the model says at one call.
type storyReply struct {
	Content string `json:"content"`
	Calls   []struct {
		ID        string          `json:"id"`
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"calls"`
	Stall bool `json:"stall"` // after the content nothing comes
}

// Chat implements agent.Model.
func (m *storyModel) Chat(ctx context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	m.mu.Lock()
	if len(m.replies) == 0 {
		m.mu.Unlock()
		return agent.Reply{}, errors.New("the model has no further reply")
	}
	next := m.replies[0]
	m.replies = m.replies[1:]
	m.mu.Unlock()
	if next.Content != "" {
		emit(agent.Delta{Text: next.Content}) // in one: how many of several arrive is up to the scheduler
	}
	if next.Stall {
		<-ctx.Done()
		return agent.Reply{Message: agent.Message{Content: next.Content}}, context.Cause(ctx)
	}
	reply := agenttest.Text(next.Content)
	for _, c := range next.Calls {
		reply.Message.ToolCalls = append(reply.Message.ToolCalls, agent.ToolCall{ID: c.ID, Name: c.Name, Arguments: string(c.Arguments)})
	}
	return reply, nil
}

// records decodes a section that has a JSON value a line.
func records[T any](t testing.TB, a *txtar.Archive, name string) []T {
	t.Helper()
	var all []T
	for _, f := range a.Files {
		if f.Name != name {
			continue
		}
		for line := range bytes.Lines(f.Data) {
			var v T
			if err := json.Unmarshal(line, &v); err != nil {
				t.Fatalf("%s: %s: %v", name, line, err)
			}
			all = append(all, v)
		}
	}
	return all
}
