package agent_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

type lookIn struct {
	At string `json:"at"`
}

// meeting makes a reading tool whose calls return when n of them have met, and
// counts the most that ran at the same time.
func meeting(n int, most *atomic.Int32) tools.Tool {
	var mu sync.Mutex
	running, waiting, met := 0, 0, make(chan struct{})
	return tools.New("look", "", func(ctx context.Context, _ tools.Env, in lookIn) (tools.Result, error) {
		mu.Lock()
		running++
		if int32(running) > most.Load() {
			most.Store(int32(running))
		}
		all := met
		if waiting++; waiting == n {
			close(met)
			waiting, met = 0, make(chan struct{})
		}
		mu.Unlock()
		defer func() {
			mu.Lock()
			running--
			mu.Unlock()
		}()
		select {
		case <-all:
			return tools.Text("saw %s", in.At), nil
		case <-ctx.Done():
			return tools.Result{}, context.Cause(ctx)
		}
	}, tools.OnlyReads)
}

func looks(from, to int) (calls []event.ToolCall) {
	for i := from; i < to; i++ {
		calls = append(calls, agenttest.Call(fmt.Sprint("c", i), "look", lookIn{fmt.Sprint(i)}))
	}
	return calls
}

func TestReadingCallsRunSideBySide(t *testing.T) {
	var most atomic.Int32
	var rec agenttest.Recorder
	// Sixteen calls meet in two groups of eight: fewer would wait for ever, and more
	// would be counted.
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calls("", looks(0, 16)...), agenttest.Text("ok")), agent.Options{Client: &rec}, meeting(8, &most))
	if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
		t.Errorf("outcome %+v", out)
	}
	var want []string
	for i := range 16 {
		want = append(want, fmt.Sprint("saw ", i))
	}
	if diff := cmp.Diff(want, agenttest.Results(a.History())); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if most.Load() != 8 {
		t.Errorf("%d calls ran at the same time", most.Load())
	}
	agenttest.CheckHistory(t, a.History())
	agenttest.CheckEvents(t, rec.Events())
	open := 0
	for _, e := range rec.Events(event.KindToolStarted, event.KindToolFinished) {
		if open++; e.Kind == event.KindToolFinished {
			open = 0
		}
		if open > 1 {
			t.Errorf("call %s begins before the one before it has ended", e.CallID)
		}
	}
}

// What ran, in order: a call that writes waits for the reads before it, and the
// reads after it for the call.
func TestWritesWaitForReads(t *testing.T) {
	var mu sync.Mutex
	var order []string
	note := func(s string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, s)
	}
	read := tools.New("look", "", func(_ context.Context, _ tools.Env, in lookIn) (tools.Result, error) {
		note("read")
		return tools.Text("saw %s", in.At), nil
	}, tools.OnlyReads)
	write := tools.New("change", "", func(_ context.Context, _ tools.Env, in lookIn) (tools.Result, error) {
		note("write")
		return tools.Text("changed %s", in.At), nil
	})
	calls := append(looks(0, 3), agenttest.Call("w", "change", lookIn{"x"}))
	calls = append(calls, looks(3, 6)...)
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calls("", calls...), agenttest.Text("ok")), agent.Options{}, read, write)
	a.Run(t.Context(), "go", agent.Turn{})
	if got := strings.Join(order, " "); got != "read read read write read read read" {
		t.Errorf("order %s", got)
	}
	want := []string{"saw 0", "saw 1", "saw 2", "changed x", "saw 3", "saw 4", "saw 5"}
	if diff := cmp.Diff(want, agenttest.Results(a.History())); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestRepeatedCallsOfOneReply(t *testing.T) {
	look := agenttest.Call("", "look", lookIn{"a"})
	spaced := agenttest.Call("", "look", `{ "at" : "a" }`)
	write := agenttest.Call("", "write_file", map[string]any{"path": "f", "content": "x\n"})
	cmd := agenttest.Call("", "bash", map[string]any{"cmd": "ok"})
	single := agenttest.Call("", "single", lookIn{"a"})
	bad := agenttest.Call("", "look", `{"att":"a"}`)
	tests := []struct {
		name    string
		calls   []event.ToolCall
		ran     int // of look and single
		changed int // events
		ended   int // commands with an exit code
	}{
		{"a read", []event.ToolCall{look, spaced, look}, 1, 0, 0},
		{"a read around another", []event.ToolCall{look, agenttest.Call("", "look", lookIn{"b"}), look}, 2, 0, 0},
		{"a read around an edit", []event.ToolCall{look, write, look}, 2, 1, 0},
		{"a read around a command", []event.ToolCall{look, cmd, look}, 2, 0, 1},
		{"an edit", []event.ToolCall{write, write, write}, 0, 1, 0},
		{"an edit around a read", []event.ToolCall{write, look, write}, 1, 1, 0},
		{"a command", []event.ToolCall{cmd, cmd, cmd}, 0, 0, 3},
		{"a call that acts for the agent", []event.ToolCall{single, single, single}, 3, 0, 0},
		{"malformed arguments", []event.ToolCall{bad, bad}, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ran atomic.Int32
			count := func(_ context.Context, _ tools.Env, in lookIn) (tools.Result, error) {
				ran.Add(1)
				return tools.Text("saw %s", in.At), nil
			}
			var rec agenttest.Recorder
			a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calls("", tt.calls...), agenttest.Text("ok")), agent.Options{Client: &rec},
				tools.New("look", "", count, tools.OnlyReads), tools.New("single", "", count, tools.ReadsSerially))
			out := a.Run(t.Context(), "go", agent.Turn{})
			if out.Status != event.StatusCompleted {
				t.Errorf("outcome %+v", out)
			}
			got := agenttest.Results(a.History())
			if len(got) != len(tt.calls) || got[0] != strings.SplitN(got[len(got)-1], "\n[the same", 2)[0] {
				t.Errorf("results %q", got)
			}
			if int(ran.Load()) != tt.ran {
				t.Errorf("%d calls ran", ran.Load())
			}
			if n := len(rec.Events(event.KindFileChanged)); n != tt.changed {
				t.Errorf("%d changes", n)
			}
			ended := 0
			for _, e := range rec.Events(event.KindToolFinished) {
				if e.ExitCode != nil {
					ended++
				}
			}
			if ended != tt.ended {
				t.Errorf("%d commands", ended)
			}
			agenttest.CheckHistory(t, a.History())
			agenttest.CheckEvents(t, rec.Events())
		})
	}
}

func TestCancelOfCallsSideBySide(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var begun atomic.Int32
	hang := tools.New("look", "", func(ctx context.Context, _ tools.Env, in lookIn) (tools.Result, error) {
		if in.At == "0" {
			return tools.Text("quick"), nil
		}
		if begun.Add(1) == 7 { // and one that is over: no slot is left
			cancel()
		}
		<-ctx.Done()
		return tools.Result{}, context.Cause(ctx)
	}, tools.OnlyReads)
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calls("", looks(0, 30)...)), agent.Options{Client: &rec}, hang)
	if out := a.Run(ctx, "go", agent.Turn{}); out.Status != event.StatusCancelled {
		t.Errorf("outcome %+v", out)
	}
	got := agenttest.Results(a.History())
	if len(got) != 30 || got[0] != "quick" || got[29] != "[error] not run: cancelled" {
		t.Errorf("results %q", got)
	}
	agenttest.CheckHistory(t, a.History())
	agenttest.CheckEvents(t, rec.Events())
}

func TestPanicBesideOthers(t *testing.T) {
	look := tools.New("look", "", func(_ context.Context, _ tools.Env, in lookIn) (tools.Result, error) {
		if in.At == "1" {
			panic("oh dear")
		}
		return tools.Text("saw %s", in.At), nil
	}, tools.OnlyReads)
	var rec agenttest.Recorder
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Calls("", looks(0, 3)...), agenttest.Text("ok")), agent.Options{Client: &rec}, look)
	a.Run(t.Context(), "go", agent.Turn{})
	want := []string{"saw 0", "[error] tool look panicked: oh dear", "saw 2"}
	if diff := cmp.Diff(want, agenttest.Results(a.History())); diff != "" {
		t.Error(diff)
	}
	if n := rec.Events(event.KindNotice); len(n) != 1 || !strings.Contains(n[0].Text, "parallel_test.go") {
		t.Errorf("notices %+v", n)
	}
}
