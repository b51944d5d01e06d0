package agent_test

import (
	"context"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tools"
)

// newRuntime is a runtime with a temporary workspace; commands are scripted:
// "ok" succeeds, "hang" waits for its context, anything else is not found.
func newRuntime(t testing.TB) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	fake := runtimetest.NewFake(map[string]runtimetest.Script{
		"ok":   {Output: "fine\n"},
		"hang": {Output: "begun\n", Block: true},
	}, nil)
	rt := runtime.New(ws, fake, runtime.Options{})
	t.Cleanup(func() {
		if err := rt.Cleanup(context.Background()); err != nil {
			t.Errorf("Cleanup: %v", err)
		}
	})
	return rt
}

type echoIn struct {
	Text string `json:"text"`
}

// registry has the built-in tools and echo, plus those given.
func registry(t testing.TB, more ...tools.Tool) *tools.Registry {
	t.Helper()
	list := []tools.Tool{
		tools.Bash(), tools.WriteFile(), tools.DownloadFile(), tools.AskUser(), tools.Stop(),
		tools.New("echo", "Say it again.", func(_ context.Context, _ tools.Env, in echoIn) (tools.Result, error) {
			return tools.Text("%s", in.Text), nil
		}),
	}
	reg, err := tools.NewRegistry(append(list, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// anything may be done unasked.
var anything = agent.Permissions{Mode: agent.ModeAuto, Unconfined: true}

func newAgent(t testing.TB, model agent.Model, opts agent.Options, more ...tools.Tool) *agent.Agent {
	t.Helper()
	if opts.Permissions.Mode == "" {
		opts.Permissions = anything
	}
	return agent.New(model, registry(t, more...), newRuntime(t), opts)
}

// checkHistory fails unless h can be sent to every provider: a system message
// first, each tool call answered once, in order and before anything else, ids
// that stand for one call only, and no two replies in a row.
func checkHistory(t testing.TB, h []agent.Message) {
	t.Helper()
	if len(h) == 0 || h[0].Role != agent.RoleSystem {
		t.Fatalf("the history does not begin with the system message: %+v", h)
	}
	seen := map[string]bool{}
	for i := 1; i < len(h); i++ {
		if h[i].Role == agent.RoleTool {
			t.Errorf("message %d answers no call: %+v", i, h[i])
		}
		if h[i].Role == agent.RoleAssistant && h[i-1].Role == agent.RoleAssistant {
			t.Errorf("messages %d and %d are both the assistant's", i-1, i)
		}
		for _, call := range h[i].ToolCalls {
			if call.ID == "" || seen[call.ID] {
				t.Errorf("message %d: id %q is empty or used twice", i, call.ID)
			}
			seen[call.ID] = true
		}
		for n, call := range h[i].ToolCalls {
			at := i + 1 + n
			if at >= len(h) || h[at].Role != agent.RoleTool || h[at].ToolCallID != call.ID {
				t.Fatalf("call %q of message %d is not answered at %d: %+v", call.ID, i, at, h)
			}
		}
		i += len(h[i].ToolCalls)
	}
}

// results are the tool results of a history, in order.
func results(h []agent.Message) []string {
	var list []string
	for _, m := range h {
		if m.Role == agent.RoleTool {
			list = append(list, m.Content)
		}
	}
	return list
}

// checkEvents fails unless the events of one session obey the protocol: numbers
// without a gap and none on deltas, each call started, put out and finished in
// this order, each turn begun and ended once with nothing behind it.
func checkEvents(t testing.TB, events []agent.Event) {
	t.Helper()
	var seq int64
	turn := ""
	calls := map[string]string{}
	for i, e := range events {
		switch {
		case e.Live() && e.Seq != 0:
			t.Errorf("event %d: delta with seq %d", i, e.Seq)
		case !e.Live():
			if seq++; e.Seq != seq {
				t.Errorf("event %d (%s): seq %d, want %d", i, e.Kind, e.Seq, seq)
			}
		}
		if e.Kind == agent.KindTurnStarted {
			if turn != "" {
				t.Errorf("event %d: turn %s begins inside %s", i, e.TurnID, turn)
			}
			turn = e.TurnID
		}
		if e.Kind != agent.KindSteered && (e.TurnID == "" || e.TurnID != turn) {
			t.Errorf("event %d (%s) belongs to turn %q, running is %q", i, e.Kind, e.TurnID, turn)
		}
		was := calls[e.CallID]
		switch e.Kind {
		case agent.KindToolStarted:
			if was != "" {
				t.Errorf("event %d: call %s started twice", i, e.CallID)
			}
			calls[e.CallID] = "running"
		case agent.KindToolOutput:
			if was != "running" {
				t.Errorf("event %d: output of call %s, which is %q", i, e.CallID, was)
			}
		case agent.KindToolFinished:
			if was != "running" {
				t.Errorf("event %d: call %s finished, but is %q", i, e.CallID, was)
			}
			calls[e.CallID] = "finished"
		case agent.KindTurnFinished:
			turn = ""
		}
	}
	for id, state := range calls {
		if state != "finished" {
			t.Errorf("call %s never finished", id)
		}
	}
	if turn != "" {
		t.Errorf("turn %s never finished", turn)
	}
}

// slow is a model that says something and then waits for its context.
func slow(text string) agenttest.ChatFunc {
	return func(ctx context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		if text != "" {
			emit(agent.Delta{Text: text})
		}
		<-ctx.Done()
		return agent.Reply{Message: agent.Message{Content: text}}, context.Cause(ctx)
	}
}

// call is a reply that calls one tool.
func call(id, name string, args any) agent.Reply {
	return agenttest.Calls("", agenttest.Call(id, name, args))
}

func bash(id, cmd string) agent.Reply { return call(id, "bash", map[string]any{"cmd": cmd}) }
