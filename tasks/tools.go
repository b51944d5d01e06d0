package tasks

import (
	"context"
	_ "embed"
	"errors"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

//go:embed delegate_task.md
var delegateDescription string

//go:embed task_status.md
var statusDescription string

//go:embed collect_file.md
var collectDescription string

// Tools are the tools by which a model delegates, in the order in which they
// stand in every agent's list. A delegated agent gets them too, because the
// list never changes, but it cannot delegate further.
//
// To delegate counts as reading: the delegated agent works on copies, and may do
// unasked what the agent that delegates may.
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

func (m *Manager) delegateTool(ctx context.Context, env tools.Env, in delegateIn) (tools.Result, error) {
	if env.TaskID != "" {
		return tools.Result{}, ErrNested
	}
	// Checked here too, so that the error has the names that the model knows.
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

func (m *Manager) collectTool(ctx context.Context, env tools.Env, in collectIn) (tools.Result, error) {
	if env.TaskID != "" {
		return tools.Result{}, ErrNested
	}
	p := CollectParams{TaskID: in.TaskID, Path: in.Path, Dest: in.Dest}
	report, err := m.collect(ctx, p, active(env))
	if err != nil {
		return tools.Result{}, err
	}
	changes := make([]runtime.Change, len(report.Files))
	for i, f := range report.Files {
		changes[i] = runtime.Change{Path: f.Path, Change: f.Change, Added: f.Added, Removed: f.Removed}
	}
	return tools.Result{Text: retrieved(p, report), IsError: nothing(report), Changes: changes}, nil
}

// active is the session of the agent that calls.
func active(env tools.Env) finder {
	return func(string) (Parent, error) { return Parent{env.SessionID, env.Runtime, true, env.Mode}, nil }
}
