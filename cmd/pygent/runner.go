package main

import (
	"context"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/tasks"
)

// runner runs the prompt of a delegated task with an agent of its own.
type runner struct{ d *domain }

// Run serves tasks.Runner. The manager cleans the job's runtime up.
func (r runner) Run(ctx context.Context, job tasks.Job) tasks.Outcome {
	cfg, registry := r.d.settings()
	model := job.Model
	if model == "" {
		model = cfg.Model
	}
	child := agent.New(r.d.app.model, registry, job.Runtime, agent.Options{
		SystemPrompt: cfg.SystemPrompt,
		Persona:      job.Persona,
		ModelName:    model,
		MaxSteps:     cfg.MaxSteps,
		StepTimeout:  job.StepTimeout,
		SessionID:    job.SessionID,
		TaskID:       job.TaskID,
		Client:       r.d.client,
	})
	out := child.Run(ctx, job.Prompt, agent.Turn{Tokens: job.Tokens, CostUSD: job.CostUSD, Describe: rpc.Detail})
	return tasks.Outcome{
		State: taskState(out.Status),
		Text:  out.Text,
		Steps: out.Steps,
		Usage: tasks.Usage{
			InputTokens:  out.Usage.InputTokens,
			OutputTokens: out.Usage.OutputTokens,
			CachedTokens: out.Usage.CachedTokens,
		},
		Changes: out.Changes,
		Err:     out.Err,
	}
}

// taskState is the state of a task whose turn ended with status.
func taskState(status string) string {
	switch status {
	case agent.StatusCompleted, agent.StatusWaiting:
		return tasks.StateFinished
	case agent.StatusTimeout:
		return tasks.StateTimeout
	case agent.StatusStepLimit:
		return tasks.StateStepLimit
	case agent.StatusBudget:
		return tasks.StateBudget
	case agent.StatusCancelled:
		return tasks.StateCancelled
	default:
		return tasks.StateFailed
	}
}
