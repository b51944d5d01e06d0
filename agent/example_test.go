package agent_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/tools"
)

// countLines is a model of ten lines: it calls a tool, then repeats the result.
type countLines struct{}

func (countLines) Chat(_ context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	last := req.Messages[len(req.Messages)-1]
	if last.Role == event.RoleUser {
		call := event.ToolCall{ID: "call_1", Name: "bash", Arguments: `{"cmd":"seq 3 | wc -l | tr -d ' '"}`}
		return agent.Reply{Message: event.Message{ToolCalls: []event.ToolCall{call}}, Finish: agent.FinishTools}, nil
	}
	text := "The tool said:\n" + last.Content
	emit(agent.Delta{Text: text})
	return agent.Reply{Message: event.Message{Content: text}, Finish: agent.FinishStop}, nil
}

// A custom model implements one method.
func Example() {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	registry, err := tools.NewRegistry(tools.Bash())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	ctx := context.Background()
	a := agent.New(countLines{}, registry, runtime.New(ws, local.New(ws, local.Options{}), runtime.Options{}), agent.Options{
		Permissions: approval.Permissions{Mode: event.ModeAuto, Unconfined: true}, // without a sandbox, commands ask
	})
	defer a.Close(ctx)

	out := a.Run(ctx, "How many lines are there?", agent.Turn{})
	fmt.Println(out.Status, "after", out.Steps, "steps")
	fmt.Print(out.Text)
	// Output:
	// completed after 2 steps
	// The tool said:
	// $ seq 3 | wc -l | tr -d ' '
	// 3
}
