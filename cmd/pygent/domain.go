package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
	"github.com/pygent/pygent/tools"
)

// domain holds the sessions and tasks of one connection.
type domain struct {
	app      *app
	client   event.Client
	broker   *approval.Broker
	sessions *session.Manager
	tasks    *tasks.Manager

	mu       sync.Mutex
	cfg      config.Config // the program's settings with the changes of initialize
	mode     event.Mode    // from initialize, for all workspaces
	registry *tools.Registry
}

// newDomain makes the sessions and tasks of a connection. Both end with lifetime. changed
// is called at every change of a task's state.
func newDomain(lifetime context.Context, a *app, client event.Client, changed func(tasks.Task)) (*domain, error) {
	d := &domain{app: a, client: client, broker: &approval.Broker{}}
	d.sessions = session.NewManager(lifetime, session.Options{
		New:       d.newAgent,
		Store:     a.store,
		NoStore:   a.noStore,
		Undo:      a.undo,
		Broker:    d.broker,
		PathOfURI: rpc.PathOfURI,
		URIOfPath: rpc.URIOfPath,
		Ready:     a.ready,
		Describe:  rpc.Detail,
	})
	d.tasks = tasks.NewManager(lifetime, tasks.Options{
		Backend: inprocess.New(inprocess.Options{
			Runner:     inprocess.Agents{Sessions: d.sessions, Client: client, Broker: d.broker, Undo: a.undo, Settings: d.taskSettings},
			NewRuntime: d.newTaskRuntime,
		}),
		Sessions:    d.sessions,
		Client:      client,
		Changed:     changed,
		Max:         a.cfg.MaxTasks,
		StepTimeout: config.Seconds(a.cfg.StepTimeout),
		TaskTimeout: config.Seconds(a.cfg.TaskTimeout),
		Personas:    a.cfg.Personas,
	})
	if err := d.configure(a.cfg); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return d, nil
}

// taskSettings returns the settings of a task's next turn.
func (d *domain) taskSettings() inprocess.Settings {
	cfg, registry := d.settings()
	return inprocess.Settings{
		Model: d.app.model, ModelName: cfg.Model, SystemPrompt: cfg.SystemPrompt, MaxSteps: cfg.MaxSteps,
		Registry: withoutDelegation(registry, d.tasks),
	}
}

// withoutDelegation returns the tools of a delegated agent, which cannot delegate.
func withoutDelegation(r *tools.Registry, m *tasks.Manager) *tools.Registry {
	var names []string
	for _, t := range m.Tools() {
		if name := t.Spec().Name; slices.Contains(r.Names(), name) {
			names = append(names, name)
		}
	}
	rest, err := r.Without(names...)
	if err != nil { // all of them are there
		panic("cmd: " + err.Error())
	}
	return rest
}

// configure sets the settings of new sessions and tasks. cfg is the program's settings, or
// a tighter version of them.
func (d *domain) configure(cfg config.Config) error {
	registry, err := newRegistry(d.tasks, cfg.DisabledTools)
	if err != nil {
		return &config.Error{Setting: "disabled_tools", Reason: err.Error()}
	}
	d.tasks.Tighten(cfg.MaxTasks, config.Seconds(cfg.StepTimeout), config.Seconds(cfg.TaskTimeout))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cfg, d.registry = cfg, registry
	return nil
}

// newRegistry makes the registry of all tools. Their order never changes, because prompt
// caches depend on it.
func newRegistry(m *tasks.Manager, disabled []string) (*tools.Registry, error) {
	list := []tools.Tool{
		tools.Bash(),
		tools.JobOutput(),
		tools.JobKill(),
		tools.WriteFile(),
		tools.DownloadFile(),
	}
	list = append(list, m.Tools()...)
	list = append(list, tools.AskUser(), tools.Stop())
	registry, err := tools.NewRegistry(list...)
	if err != nil {
		return nil, err
	}
	return registry.Without(disabled...)
}

// settings returns the settings and tools of a new session or task.
func (d *domain) settings() (config.Config, *tools.Registry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cfg, d.registry
}

// wish sets the mode that the client wants.
func (d *domain) wish(mode event.Mode) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mode = mode
}

func (d *domain) wished() event.Mode {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mode
}

// newRuntime makes a runtime in root, or in a temporary workspace for "".
func (d *domain) newRuntime(ctx context.Context, root string) (*runtime.Runtime, error) {
	ws, err := openWorkspace(root)
	if err != nil {
		return nil, err
	}
	return d.app.runtimes.make(ctx, ws)
}

// newTaskRuntime makes the runtime of a task's turn in ws, or in a new workspace if ws is
// nil. It fails if no turn can start.
func (d *domain) newTaskRuntime(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
	if err := d.app.ready(); err != nil {
		return nil, err
	}
	if ws == nil {
		return d.newRuntime(ctx, "")
	}
	return d.app.runtimes.in(ctx, ws)
}

// newAgent makes the agent of a user's session. The session's workspace, which may differ
// from the connection's, can tighten the settings.
func (d *domain) newAgent(ctx context.Context, spec session.Spec) (*agent.Agent, error) {
	cfg, registry := d.settings()
	if err := d.app.runtimes.Check(ctx, "runtime", spec.Runtime); err != nil {
		return nil, err
	}
	root := cmp.Or(spec.Root, cfg.Workspace)
	if spec.Temporary {
		root = ""
	}
	if root != cfg.Workspace {
		own := d.app.cfg
		own.Mode = cmp.Or(string(d.wished()), own.Mode)
		if err := own.TightenFrom(root); err != nil {
			return nil, err
		}
		cfg.MaxSteps, cfg.StepTimeout, cfg.Mode = own.MaxSteps, own.StepTimeout, own.Mode
		var err error
		if registry, err = newRegistry(d.tasks, own.DisabledTools); err != nil {
			return nil, &config.Error{Setting: "disabled_tools", Reason: err.Error()}
		}
	}
	if _, err := registry.Without(spec.DisabledTools...); err != nil {
		return nil, &runtime.InvalidError{Field: "disabledTools", Reason: err.Error()}
	}
	rt, err := d.newRuntime(ctx, root)
	if err != nil {
		return nil, err
	}
	return agent.New(d.app.model, registry, rt, agent.Options{
		SystemPrompt: cmp.Or(spec.SystemPrompt, cfg.SystemPrompt),
		Persona:      spec.Persona,
		ModelName:    cmp.Or(spec.Model, cfg.Model),
		Disabled:     spec.DisabledTools,
		MaxSteps:     cfg.MaxSteps,
		StepTimeout:  config.Seconds(cfg.StepTimeout),
		SessionID:    spec.SessionID,
		Client:       d.client,
		Undo:         d.app.undo,
		Broker:       d.broker,
		Permissions:  approval.Permissions{Mode: cmp.Or(spec.Mode, event.Mode(cfg.Mode)), Unconfined: d.app.unconfined()},
	}), nil
}

// unconfined reports whether the user allows commands without a sandbox and without
// approval. Only the settings can give this consent; a client of the protocol cannot.
func (a *app) unconfined() bool {
	return a.cfg.Sandbox == runtime.SandboxNone && a.cfg.Mode == config.ModeAuto
}

// close ends tasks before sessions, so that their last events reach the sessions.
func (d *domain) close(ctx context.Context) error {
	return errors.Join(d.tasks.Close(ctx), d.sessions.Close(ctx))
}
