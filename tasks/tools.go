package tasks

import (
	"context"
	_ "embed"
	"errors"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/tools"
)

//go:embed delegate_task.md
var delegateDescription string

//go:embed task_status.md
var statusDescription string

//go:embed collect_file.md
var collectDescription string

// Tools returns the tools with which a model delegates, in the order of an
// agent's list. A delegated agent does not get them; where it has them anyway, as
// with a registry of its maker's, they refuse.
//
// Delegating counts as reading: the delegated agent works on copies, and may do
// without asking only what the delegating agent may.
func (m *Manager) Tools() []tools.Tool {
	return []tools.Tool{
		tools.New("delegate_task", delegateDescription, m.delegateTool, tools.OnlyReads),
		tools.New("task_status", statusDescription, m.statusTool, tools.OnlyReads),
		tools.New("collect_file", collectDescription, m.collectTool, m.proposeCollect),
	}
}

type delegateIn struct {
	Prompt      string   `json:"prompt" jsonschema:"the whole task, with everything that the agent must know"`
	Files       []string `json:"files,omitempty" jsonschema:"files and directories of your workspace that it gets copies of"`
	Timeout     float64  `json:"timeout,omitempty" jsonschema:"seconds for the whole task"`
	StepTimeout float64  `json:"step_timeout,omitempty" jsonschema:"seconds for each model round with its tools"`
	Persona     string   `json:"persona,omitempty" jsonschema:"who the agent is"`
}

func (in delegateIn) Label() tools.Label { return tools.Label{Title: "Delegate", Detail: in.Prompt} }

func (m *Manager) delegateTool(ctx context.Context, env tools.Env, in delegateIn) (tools.Result, error) {
	if env.TaskID != "" {
		return tools.Result{}, ErrNested
	}
	// Checked here too, so that the error has the argument names that the model
	// knows.
	if err := errors.Join(checkSeconds("timeout", in.Timeout), checkSeconds("step_timeout", in.StepTimeout)); err != nil {
		return tools.Result{}, err
	}
	res, report, err := m.start(ctx, StartParams{
		Prompt:             in.Prompt,
		Files:              in.Files,
		Persona:            in.Persona,
		TaskTimeoutSeconds: in.Timeout,
		StepTimeoutSeconds: in.StepTimeout,
	}, active(env))
	if err != nil {
		return tools.Result{}, err
	}
	return tools.Result{Text: "started " + res.TaskID + leftOut(report, "not copied")}, nil
}

type statusIn struct {
	TaskID string `json:"task_id"`
}

func (in statusIn) Label() tools.Label { return tools.Label{Title: "Look at task", Detail: in.TaskID} }

func (m *Manager) statusTool(ctx context.Context, _ tools.Env, in statusIn) (tools.Result, error) {
	t, err := m.Status(ctx, TaskParams(in))
	if err != nil {
		return tools.Result{}, err
	}
	if t.Question != nil {
		return tools.Text("%s\n\nIt asks the user: %s", t.Status, t.Question.Text), nil
	}
	if t.Text == "" {
		return tools.Text("%s", t.Status), nil
	}
	return tools.Text("%s\n\n%s", t.Status, t.Text), nil
}

type collectIn struct {
	TaskID string `json:"task_id"`
	Path   string `json:"path" jsonschema:"in the task's workspace"`
	Dest   string `json:"dest,omitempty" jsonschema:"in your workspace; default: the same path"`
}

func (in collectIn) Label() tools.Label { return tools.Label{Title: "Collect", Detail: in.Path} }

func (m *Manager) collectTool(ctx context.Context, env tools.Env, in collectIn) (tools.Result, error) {
	if env.TaskID != "" {
		return tools.Result{}, ErrNested
	}
	p := CollectParams{TaskID: in.TaskID, Path: in.Path, Dest: in.Dest}
	report, err := m.collect(ctx, p, active(env), env.Allowed)
	if err != nil {
		return tools.Result{}, err
	}
	changes := make([]runtime.Change, len(report.Files))
	for i, f := range report.Files {
		changes[i] = runtime.Change{Path: f.Path, Change: f.Change, Added: f.Added, Removed: f.Removed, Protected: protect.Named(f.Path) != ""}
	}
	return tools.Result{Text: retrieved(p, report), IsError: nothing(report), Changes: changes}, nil
}

// active returns the session of the calling agent.
func active(env tools.Env) finder {
	return func(string) (Parent, error) {
		return Parent{env.SessionID, env.Runtime, true, event.Mode(env.Mode)}, nil
	}
}
