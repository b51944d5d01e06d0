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
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
	"github.com/pygent/pygent/tools"
)

// house is the whole domain below the protocol, wired as in the program, with a scripted
// model and scripted commands.
type house struct {
	t        testing.TB
	model    agent.Model
	commands []houseCommand
	files    []txtar.File // of the session's workspace
	registry *tools.Registry
	server   *Server
	sessions *session.Manager
	broker   *approval.Broker
	tasks    *tasks.Manager
	undo     *snapshot.Undo
}

// houseCommand is the behaviour of one command line. A command line without one is not
// found.
type houseCommand struct {
	Run    string            `json:"run"`
	Output string            `json:"output"`
	Exit   int               `json:"exit"`
	Block  bool              `json:"block"` // it runs until it is killed
	Writes map[string]string `json:"writes"`
}

// open wires the parts. Background work ends with lifetime.
func (h *house) open(lifetime context.Context) {
	h.t.Helper()
	h.server = NewServer(Options{Version: "1.0.0", Initialize: h.initialize, Close: h.close})
	peer := h.server.Peer()
	h.undo = snapshot.NewUndo(snapshot.UndoOptions{})
	broker := &approval.Broker{}
	h.broker = broker
	h.sessions = session.NewManager(lifetime, session.Options{
		New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			rt, err := h.runtimeIn(nil, h.files)
			if err != nil {
				return nil, err
			}
			return agent.New(h.model, h.registry, rt, agent.Options{
				ModelName: cmp.Or(spec.Model, "m"), SystemPrompt: spec.SystemPrompt, Disabled: spec.DisabledTools,
				SessionID: spec.SessionID, Client: peer, Undo: h.undo, Broker: broker,
				Permissions: approval.Permissions{Mode: cmp.Or(spec.Mode, event.ModeAuto), Unconfined: true},
			}), nil
		},
		Undo:      h.undo,
		Store:     journal.NewStore(h.t.TempDir()),
		PathOfURI: PathOfURI,
		URIOfPath: URIOfPath,
		Describe:  Detail,
		Broker:    broker,
	})
	h.tasks = tasks.NewManager(lifetime, tasks.Options{
		Backend: inprocess.New(inprocess.Options{
			Runner: inprocess.Agents{Sessions: h.sessions, Client: peer, Broker: broker, Undo: h.undo, Settings: func() inprocess.Settings {
				return inprocess.Settings{Model: h.model, ModelName: "m", Registry: h.registry}
			}},
			NewRuntime: func(_ context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) { return h.runtimeIn(ws, nil) },
		}),
		Sessions: h.sessions,
		Client:   peer,
		Changed:  func(task tasks.Task) { peer.TaskChanged(lifetime, task) },
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

// runtimeIn makes a runtime in ws, or in a temporary workspace if ws is nil, with the given
// files.
func (h *house) runtimeIn(ws *runtime.Workspace, files []txtar.File) (*runtime.Runtime, error) {
	if ws == nil {
		var err error
		if ws, err = runtime.TempWorkspace(); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if _, err := ws.WriteFile(f.Name, f.Data, f.Name); err != nil {
			return nil, errors.Join(err, ws.Close())
		}
	}
	scripts := map[string]runtimetest.Script{}
	for _, c := range h.commands {
		scripts[c.Run] = runtimetest.Script{
			Output: c.Output, Exit: runtime.Exit{Code: c.Exit}, Block: c.Block,
			Do: func(runtime.Command) error {
				for path, text := range c.Writes {
					if _, err := ws.WriteFile(path, []byte(text), path); err != nil {
						return err
					}
				}
				return nil
			},
		}
	}
	return runtime.New(ws, runtimetest.NewFake(scripts, nil), runtime.Options{}), nil
}

// storyModel sends its replies one after the other.
type storyModel struct {
	mu      sync.Mutex
	replies []storyReply
}

// storyReply is the model's reply to one call.
type storyReply struct {
	Content string `json:"content"`
	Calls   []struct {
		ID        string          `json:"id"`
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"calls"`
	Stall bool `json:"stall"` // the stream hangs after the content
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
		emit(agent.Delta{Text: next.Content}) // in one delta: how many of several arrive is up to the scheduler
	}
	if next.Stall {
		<-ctx.Done()
		return agent.Reply{Message: event.Message{Content: next.Content}}, context.Cause(ctx)
	}
	reply := agenttest.Text(next.Content)
	for _, c := range next.Calls {
		reply.Message.ToolCalls = append(reply.Message.ToolCalls, event.ToolCall{ID: c.ID, Name: c.Name, Arguments: string(c.Arguments)})
	}
	return reply, nil
}

// records decodes a section with one JSON value per line.
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
