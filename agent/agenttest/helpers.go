package agenttest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tools"
)

// NewRuntime makes a runtime with a temporary workspace; commands are scripted:
// "ok" succeeds, "hang" waits for its context, any other is not found.
func NewRuntime(t testing.TB) *runtime.Runtime {
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

// Registry makes a registry of the built-in tools, echo, and the given tools.
func Registry(t testing.TB, more ...tools.Tool) *tools.Registry {
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

// Anything allows everything without asking.
var Anything = approval.Permissions{Mode: event.ModeAuto, Unconfined: true}

func NewAgent(t testing.TB, model agent.Model, opts agent.Options, more ...tools.Tool) *agent.Agent {
	t.Helper()
	if opts.Permissions.Mode == "" {
		opts.Permissions = Anything
	}
	return agent.New(model, Registry(t, more...), NewRuntime(t), opts)
}

// CheckHistory fails unless h can be sent to every provider: a system message
// first, each tool call answered once, in order and before anything else, ids
// that belong to one call only, and no two replies in a row.
func CheckHistory(t testing.TB, h []event.Message) {
	t.Helper()
	if len(h) == 0 || h[0].Role != event.RoleSystem {
		t.Fatalf("the history does not begin with the system message: %+v", h)
	}
	seen := map[string]bool{}
	for i := 1; i < len(h); i++ {
		if h[i].Role == event.RoleTool {
			t.Errorf("message %d answers no call: %+v", i, h[i])
		}
		if h[i].Role == event.RoleAssistant && h[i-1].Role == event.RoleAssistant {
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
			if at >= len(h) || h[at].Role != event.RoleTool || h[at].ToolCallID != call.ID {
				t.Fatalf("call %q of message %d is not answered at %d: %+v", call.ID, i, at, h)
			}
		}
		i += len(h[i].ToolCalls)
	}
}

// Results returns the tool results of a history, in order.
func Results(h []event.Message) []string {
	var list []string
	for _, m := range h {
		if m.Role == event.RoleTool {
			list = append(list, m.Content)
		}
	}
	return list
}

// CheckEvents fails unless the events of one session obey the protocol: numbers
// without a gap and none on deltas, each call started, put out and finished in
// this order, each turn begun and ended once with nothing after its end.
func CheckEvents(t testing.TB, events []event.Event) {
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
		if e.Kind == event.KindTurnStarted {
			if turn != "" {
				t.Errorf("event %d: turn %s begins inside %s", i, e.TurnID, turn)
			}
			turn = e.TurnID
		}
		if e.Kind != event.KindSteered && (e.TurnID == "" || e.TurnID != turn) {
			t.Errorf("event %d (%s) belongs to turn %q, running is %q", i, e.Kind, e.TurnID, turn)
		}
		was := calls[e.CallID]
		switch e.Kind {
		case event.KindToolStarted:
			if was != "" {
				t.Errorf("event %d: call %s started twice", i, e.CallID)
			}
			calls[e.CallID] = "running"
		case event.KindToolOutput:
			if was != "running" {
				t.Errorf("event %d: output of call %s, which is %q", i, e.CallID, was)
			}
		case event.KindToolFinished:
			if was != "running" {
				t.Errorf("event %d: call %s finished, but is %q", i, e.CallID, was)
			}
			calls[e.CallID] = "finished"
		case event.KindTurnFinished:
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

// Slow makes a model that streams text and then waits for its context.
func Slow(text string) ChatFunc {
	return func(ctx context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		if text != "" {
			emit(agent.Delta{Text: text})
		}
		<-ctx.Done()
		return agent.Reply{Message: event.Message{Content: text}}, context.Cause(ctx)
	}
}

// Calling makes a reply that calls one tool.
func Calling(id, name string, args any) agent.Reply {
	return Calls("", Call(id, name, args))
}

func Bash(id, cmd string) agent.Reply { return Calling(id, "bash", map[string]any{"cmd": cmd}) }

// NewStore makes a store of sessions in a directory of the test.
func NewStore(t testing.TB) *journal.Store {
	t.Helper()
	return journal.NewStore(filepath.Join(t.TempDir(), "sessions"))
}

// CmpEmpty treats an empty list of calls as none.
var CmpEmpty = cmpopts.EquateEmpty()

// CheckKept fails unless the journal has exactly what the client saw.
func CheckKept(t testing.TB, store *journal.Store, id string, events []event.Event) {
	t.Helper()
	r, err := store.Reader(id)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }() // it was only read
	page, err := r.Page(0, journal.Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, l := range page.Lines {
		got = append(got, string(l.Data))
	}
	for _, e := range events {
		if !e.Live() {
			line, err := journal.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, string(line))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the journal (-sent +kept):\n%s", diff)
	}
}

// Deciding makes a client that answers approvals with the decisions, in order.
func Deciding(decisions ...event.Decision) *Recorder {
	return &Recorder{Decide: func(context.Context, event.Approval) (event.Decision, error) {
		d := decisions[0]
		decisions = decisions[1:]
		return d, nil
	}}
}

// Asks is the mode in which edits and commands ask.
var Asks = approval.Permissions{Mode: event.ModeAsk}

// Marking makes a tool that notes that it ran.
func Marking(name string, ran *bool) tools.Tool {
	return tools.New(name, "", func(context.Context, tools.Env, struct{}) (tools.Result, error) {
		*ran = true
		return tools.Text("marked"), nil
	})
}
