package tasks_test

import (
	"context"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

// runnerFunc makes a Runner of a function.
type runnerFunc func(ctx context.Context, turn inprocess.Turn) tasks.Outcome

func (f runnerFunc) Run(ctx context.Context, turn inprocess.Turn) tasks.Outcome { return f(ctx, turn) }

// finishing ends each turn at once.
var finishing = runnerFunc(func(context.Context, inprocess.Turn) tasks.Outcome {
	return tasks.Outcome{State: tasks.StateFinished, Text: "done", Steps: 1}
})

// waiting runs until its context ends.
var waiting = runnerFunc(func(ctx context.Context, _ inprocess.Turn) tasks.Outcome {
	<-ctx.Done()
	return tasks.Outcome{State: tasks.StateCancelled, Err: context.Cause(ctx)}
})

// agentRunner runs turns with real agents, as the program does.
type agentRunner struct {
	model agent.Model
	f     *fixture
}

func (r *agentRunner) Run(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
	return inprocess.Agents{
		Sessions: r.f.sessions, Client: r.f.client, Broker: r.f.broker,
		Settings: func() inprocess.Settings {
			return inprocess.Settings{Model: r.model, MaxSteps: 20, Registry: r.f.registry}
		},
	}.Run(ctx, turn)
}
