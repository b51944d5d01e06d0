package inprocess

import (
	"cmp"
	"context"
	"slices"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tools"
)

// newWorkspace tells a delegated agent that its files are lost.
const newWorkspace = "the workspace of this task went with its server: this is a new, empty one"

// Agents runs turns with agents. Each agent continues the task's session.
type Agents struct {
	Sessions *session.Manager // keep the agents' sessions
	Client   event.Client     // gets their events
	Broker   *approval.Broker // the broker of the connection
	Undo     *snapshot.Undo

	// Settings returns the settings of the next turn.
	Settings func() Settings
}

// Settings are the defaults for what an Assignment does not set.
type Settings struct {
	Model        agent.Model
	ModelName    string
	SystemPrompt string
	MaxSteps     int
	Registry     *tools.Registry
}

// Run implements Runner.
func (r Agents) Run(ctx context.Context, t Turn) tasks.Outcome {
	set := r.Settings()
	denied := r.denied(t.ParentSessionID, set.Registry.Names())
	turn := session.Delegated{
		SessionID:       t.SessionID,
		TaskID:          t.TaskID,
		ParentSessionID: t.ParentSessionID,
		Name:            t.Name,
		Task:            t.Task,
		Prompt:          t.Prompt,
		Spec: session.Spec{
			SystemPrompt: set.SystemPrompt, Persona: t.Persona, Model: cmp.Or(t.Model, set.ModelName),
			Mode: t.Mode, DisabledTools: denied,
		},
		Timeout: t.Timeout(),
		Turn: agent.Turn{
			Limits:   event.Limits{Tokens: t.Limits.Tokens, CostUSD: t.Limits.CostUSD},
			Progress: func(steps int, used event.Usage) { t.Progress(tasks.Progress{Steps: steps, Usage: used}) },
		},
		New: func(spec session.Spec) *agent.Agent {
			o := r.options(t, spec)
			o.MaxSteps, o.Disabled = set.MaxSteps, among(set.Registry.Names(), slices.Concat(denied, spec.DisabledTools))
			return agent.New(set.Model, set.Registry, t.Runtime, o)
		},
	}
	if a := t.Answer; a != nil {
		turn.Answer = &session.RespondParams{RequestKey: a.RequestKey, Response: approval.Response{Decision: a.Decision, Feedback: a.Feedback}}
	}
	if t.Lost {
		turn.Note = newWorkspace // the calls run in a workspace that the model does not expect
	}
	out, unkept := r.Sessions.RunDelegated(ctx, turn)
	return tasks.Outcome{
		State: tasks.StateOf(out.Status), Text: out.Text, Question: out.Question, Steps: out.Steps,
		Usage: out.Usage, Changes: out.Changes, Err: out.Err, Unkept: unkept,
	}
}

// options returns the options of a delegated agent that do not depend on its
// tools.
func (r Agents) options(t Turn, spec session.Spec) agent.Options {
	o := agent.Options{
		SystemPrompt: spec.SystemPrompt,
		Persona:      spec.Persona,
		ModelName:    spec.Model,
		StepTimeout:  event.Duration(t.StepTimeoutSeconds),
		SessionID:    t.SessionID,
		TaskID:       t.TaskID,
		ParentID:     t.ParentSessionID,
		Client:       r.Client,
		Broker:       r.Broker,
		Permissions:  r.Sessions.Permissions(t.ParentSessionID).Within(spec.Mode),
		Undo:         r.Undo,
		Alone:        t.ByAgent,
	}
	if t.Lost {
		o.Notices = []string{newWorkspace}
	}
	return o
}

// denied names the tools that a delegated agent does not get, because the session
// that delegates does not have them.
func (r Agents) denied(parentSessionID string, all []string) []string {
	has, ok := r.Sessions.Tools(parentSessionID)
	if !ok { // the settings kept with the task's session still apply
		return nil
	}
	return slices.DeleteFunc(all, func(name string) bool { return slices.Contains(has, name) })
}

// among returns those of all that names has: a session is older than the program
// that resumes it, and may name other tools.
func among(all, names []string) []string {
	return slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(names, name) })
}
