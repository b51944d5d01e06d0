package tasks_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
	"github.com/pygent/pygent/tools"
)

// localRuntime runs commands in ws, or for nil in a new workspace.
func localRuntime(_ context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
	if ws == nil {
		var err error
		if ws, err = runtime.TempWorkspace(); err != nil {
			return nil, err
		}
	}
	return runtime.New(ws, local.New(ws, local.Options{}), runtime.Options{}), nil
}

// A Runner does the work of a turn; here it is one command. The program has
// inprocess.Agents in its place.
func ExampleManager() {
	ctx := context.Background()
	parent, err := localRuntime(ctx, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	sessions := session.NewManager(ctx, session.Options{New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
		return agent.New(agenttest.Script(), &tools.Registry{}, parent, agent.Options{SessionID: spec.SessionID}), nil
	}})
	defer sessions.Close(ctx)
	manager := tasks.NewManager(ctx, tasks.Options{
		Sessions: sessions,
		Backend: inprocess.New(inprocess.Options{
			NewRuntime: localRuntime,
			Runner: runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
				res := turn.Runtime.Bash(ctx, turn.Prompt, runtime.BashOptions{})
				return tasks.Outcome{State: tasks.StateFinished, Text: res.Text, Err: res.Err}
			}),
		}),
	})
	defer manager.Close(ctx)

	if _, _, err := parent.WriteFile("data.txt", "b\na\n"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	started, err := manager.Start(ctx, tasks.StartParams{Prompt: "sort data.txt >report.txt", Files: []string{"data.txt"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	ended, err := manager.Wait(ctx, tasks.WaitParams{TaskIDs: []string{started.TaskID}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	collected, err := manager.Collect(ctx, tasks.CollectParams{TaskID: started.TaskID, Path: "report.txt"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	report, _, _, err := parent.ReadFile("report.txt", false)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(ended.Done[0].Status)
	fmt.Println(collected.Text)
	fmt.Print(report)
	// Output:
	// finished
	// Retrieved report.txt
	// a
	// b
}
