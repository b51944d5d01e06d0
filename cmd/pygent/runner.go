package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/tasks"
)

// runner runs the turns of delegated tasks, each with an agent that goes on with
// the task's session.
type runner struct{ d *domain }

// newWorkspace tells a delegated agent that its files are not there any more.
const newWorkspace = "the workspace of this task went with its server: this is a new, empty one"

// Run serves tasks.Runner. The manager cleans the job's runtime up.
func (r runner) Run(ctx context.Context, job tasks.Job) tasks.Outcome {
	cfg, registry := r.d.settings()
	denied := r.denied(job.ParentSessionID, registry.Names())
	turn := agent.Delegated{
		SessionID:       job.SessionID,
		TaskID:          job.TaskID,
		ParentSessionID: job.ParentSessionID,
		Name:            job.Name,
		Task:            job.Task,
		Prompt:          job.Prompt,
		Spec:            agent.Spec{SystemPrompt: cfg.SystemPrompt, Persona: job.Persona, Model: cmp.Or(job.Model, cfg.Model), Mode: job.Mode, DisabledTools: denied},
		Timeout:         job.Timeout,
		Turn: agent.Turn{
			Tokens: job.Tokens, CostUSD: job.CostUSD,
			Progress: func(steps int, used agent.Usage) { job.Progress(steps, usage(used)) },
		},
		New: func(spec agent.Spec) *agent.Agent {
			o := r.options(job, spec)
			o.MaxSteps, o.Disabled = cfg.MaxSteps, among(registry.Names(), slices.Concat(denied, spec.DisabledTools))
			return agent.New(r.d.app.model, registry, job.Runtime, o)
		},
	}
	if a := job.Answer; a != nil {
		turn.Answer = &agent.RespondParams{RequestKey: a.RequestKey, Response: agent.Response{Decision: a.Decision, Feedback: a.Feedback}}
	}
	if job.NewWorkspace {
		turn.Note = newWorkspace // calls work where the model does not expect it
	}
	out, unkept := r.d.sessions.RunDelegated(ctx, turn)
	o := outcome(out.Status, out.Question)
	o.Text, o.Steps, o.Usage, o.Changes = out.Text, out.Steps, usage(out.Usage), out.Changes
	o.Err, o.Unkept = out.Err, unkept
	return o
}

// options are those of a delegated agent that do not depend on its tools.
func (r runner) options(job tasks.Job, spec agent.Spec) agent.Options {
	o := agent.Options{
		SystemPrompt: spec.SystemPrompt,
		Persona:      spec.Persona,
		ModelName:    spec.Model,
		StepTimeout:  job.StepTimeout,
		SessionID:    job.SessionID,
		TaskID:       job.TaskID,
		ParentID:     job.ParentSessionID,
		Client:       r.d.client,
		Broker:       r.d.broker,
		Permissions:  r.d.sessions.Permissions(job.ParentSessionID).Within(spec.Mode),
		Undo:         r.d.app.undo,
		Alone:        job.ByAgent,
	}
	if job.NewWorkspace {
		o.Notices = []string{newWorkspace}
	}
	return o
}

// denied names those of all tools that a delegated agent does not get, because the
// session that delegates has not got them.
func (r runner) denied(parentSessionID string, all []string) []string {
	has, ok := r.d.sessions.Tools(parentSessionID)
	if !ok { // what is kept of the task's own session still counts
		return nil
	}
	return slices.DeleteFunc(all, func(name string) bool { return slices.Contains(has, name) })
}

// among are those of all that names has: a session outlives the tools of programs.
func among(all, names []string) []string {
	return slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(names, name) })
}

// restored are tasks as their sessions tell of them.
func restored(children []agent.Child) []tasks.Restored {
	var list []tasks.Restored
	for _, c := range children {
		h := c.Header
		r := tasks.Restored{
			TaskID: h.TaskID, SessionID: h.SessionID, Name: h.Name, Prompt: h.Prompt,
			StartedAt: h.CreatedAt, EndedAt: c.Updated.UTC(),
			Outcome: tasks.Outcome{State: tasks.StateInterrupted},
			Asks:    c.Asked != nil,
			Tokens:  h.Bounds.Tokens, CostUSD: h.Bounds.CostUSD,
			StepTimeout: config.Seconds(h.Bounds.StepTimeoutSeconds), Timeout: config.Seconds(h.Bounds.TurnTimeoutSeconds),
		}
		if e := c.Last; e != nil {
			r.EndedAt = e.Time
			r.Outcome = outcome(e.Status, e.Question)
			r.Outcome.Text, r.Outcome.Steps, r.Outcome.Changes = e.Text, e.Steps, e.Changes
			if e.Usage != nil {
				r.Outcome.Usage = usage(*e.Usage)
			}
			if e.Reason != "" {
				r.Outcome.Err = errors.New(e.Reason)
			}
		}
		list = append(list, r)
	}
	return list
}

// outcome is that of a task whose turn ended with status.
func outcome(status string, q *agent.TurnQuestion) tasks.Outcome {
	out := tasks.Outcome{State: taskState(status)}
	if q != nil {
		out.Question = &tasks.Question{Text: q.Text, Options: q.Options}
	}
	return out
}

func usage(u agent.Usage) tasks.Usage {
	return tasks.Usage{InputTokens: u.InputTokens, OutputTokens: u.OutputTokens, CachedTokens: u.CachedTokens}
}

// taskState is the state of a task whose turn ended with status.
func taskState(status string) tasks.State {
	switch status {
	case agent.StatusCompleted:
		return tasks.StateFinished
	case agent.StatusWaiting:
		return tasks.StateWaiting
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
