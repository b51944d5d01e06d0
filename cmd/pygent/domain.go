package main

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tools"
)

// domain is what one connection works with: its sessions and its tasks.
type domain struct {
	app      *app
	client   agent.Client
	broker   *agent.Broker
	sessions *agent.Sessions
	tasks    *tasks.Manager

	mu       sync.Mutex
	cfg      config.Config // the connection's: the program's and what initialize said
	mode     string        // what initialize said of it, whatever the workspace
	registry *tools.Registry
}

// newDomain joins agent and tasks, which do not know each other. Both end with
// lifetime. changed is told of every change of a task's state.
func newDomain(lifetime context.Context, a *app, client agent.Client, changed func(tasks.Task)) (*domain, error) {
	d := &domain{app: a, client: client, broker: &agent.Broker{}}
	d.tasks = tasks.NewManager(lifetime, tasks.Options{
		Runner:      runner{d},
		Parent:      d.parent,
		NewRuntime:  d.newTaskRuntime,
		Changed:     changed,
		Cancelled:   func(id string) error { return d.sessions.CancelDelegated(lifetime, id, client) },
		Removed:     func(id string) error { return d.sessions.ForgetDelegated(id) },
		Max:         a.cfg.MaxTasks,
		StepTimeout: config.Seconds(a.cfg.StepTimeout),
		TaskTimeout: config.Seconds(a.cfg.TaskTimeout),
		Personas:    a.cfg.Personas,
	})
	d.sessions = agent.NewSessions(lifetime, agent.SessionsOptions{
		New:       d.newAgent,
		Store:     a.store,
		NoStore:   a.noStore,
		Undo:      a.undo,
		Broker:    d.broker,
		PathOfURI: rpc.PathOfURI,
		URIOfPath: rpc.URIOfPath,
		Ready:     a.ready,
		Describe:  rpc.Detail,
		Tasks: agent.TaskHooks{
			Session:   d.tasks.SessionOf,
			Cancel:    d.tasks.CancelOf,
			Forget:    d.tasks.RemoveOf,
			Workspace: d.tasks.Workspace,
			Protected: tasks.Protected,
			Resumed:   func(id string, children []agent.Child) { d.tasks.Restore(id, restored(children)) },
			Asks:      d.tasks.Asks,
			Answer: func(id string, p agent.RespondParams) error {
				return d.tasks.Answer(id, tasks.Answer{RequestKey: p.RequestKey, Decision: p.Response.Decision, Feedback: p.Response.Feedback})
			},
		},
	})
	if err := d.configure(a.cfg); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return d, nil
}

// configure sets what the sessions and tasks to come work with. cfg is the
// program's settings, or a tighter version of them.
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

// newRegistry is the one list of tools. Its order never changes: prompt caches
// depend on it.
func newRegistry(m *tasks.Manager, disabled []string) (*tools.Registry, error) {
	list := []tools.Tool{tools.Bash(), tools.WriteFile(), tools.DownloadFile()}
	list = append(list, m.Tools()...)
	list = append(list, tools.AskUser(), tools.Stop(), tools.JobOutput(), tools.JobKill())
	registry, err := tools.NewRegistry(list...)
	if err != nil {
		return nil, err
	}
	return registry.Without(disabled...)
}

// settings are what a new session or task works with.
func (d *domain) settings() (config.Config, *tools.Registry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cfg, d.registry
}

// wish sets the mode that the client has asked for.
func (d *domain) wish(mode string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mode = mode
}

func (d *domain) wished() string {
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

// newTaskRuntime makes the runtime of a task's turn, which must be able to begin,
// in ws or in a new workspace for nil.
func (d *domain) newTaskRuntime(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
	if err := d.app.ready(); err != nil {
		return nil, err
	}
	if ws == nil {
		return d.newRuntime(ctx, "")
	}
	return d.app.runtimes.in(ctx, ws)
}

// parent is the session that delegates a task.
func (d *domain) parent(ctx context.Context, id string) (tasks.Parent, error) {
	at, err := d.sessions.Place(ctx, id)
	return tasks.Parent{SessionID: at.SessionID, Runtime: at.Runtime}, err
}

// newAgent makes the agent of a session of the user's. Its workspace, which may
// be another than the connection's, can tighten the settings.
func (d *domain) newAgent(ctx context.Context, spec agent.Spec) (*agent.Agent, error) {
	cfg, registry := d.settings()
	if err := d.app.runtimes.check(ctx, "runtime", spec.Runtime); err != nil {
		return nil, err
	}
	root := cmp.Or(spec.Root, cfg.Workspace)
	if spec.Temporary {
		root = ""
	}
	if root != cfg.Workspace {
		own := d.app.cfg
		own.Mode = cmp.Or(d.wished(), own.Mode)
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
		Permissions:  agent.Permissions{Mode: cmp.Or(spec.Mode, cfg.Mode), Unconfined: d.app.unconfined()},
	}), nil
}

// unconfined tells whether the user has said both that commands may run without a
// sandbox and that they need not ask. What a client of the protocol says of modes
// is not that consent.
func (a *app) unconfined() bool {
	return a.cfg.Sandbox == runtime.SandboxNone && a.cfg.Mode == config.ModeAuto
}

// close ends tasks first, so that their last events find the sessions there.
func (d *domain) close(ctx context.Context) error {
	return errors.Join(d.tasks.Close(ctx), d.sessions.Close(ctx))
}
