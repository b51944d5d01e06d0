package agent_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

// BenchmarkTurn measures the loop itself: one turn of one round, with a model
// that answers at once. The history does not grow with b.N.
func BenchmarkTurn(b *testing.B) {
	model := agenttest.Func(func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		emit(agent.Delta{Text: "Hello."})
		return agenttest.Text("Hello."), nil
	})
	rt, reg := agenttest.NewRuntime(b), agenttest.Registry(b)
	b.ReportAllocs()
	for b.Loop() {
		if out := agent.New(model, reg, rt, agent.Options{Permissions: agenttest.Anything}).Run(b.Context(), "hi", agent.Turn{}); out.Status != event.StatusCompleted {
			b.Fatalf("%+v", out)
		}
	}
}

// BenchmarkToolGap measures the time from one model call to the next with a
// command that does nothing between them, after a history of many tool turns and
// with the journal on. For comparison it measures a bare fork and exec of the
// same command in the same run. The aim is twice that.
func BenchmarkToolGap(b *testing.B) {
	for _, turns := range []int{10, 50, 210} {
		b.Run(fmt.Sprintf("turns=%d", turns), func(b *testing.B) {
			ws, err := runtime.TempWorkspace()
			if err != nil {
				b.Fatal(err)
			}
			rt := runtime.New(ws, local.New(ws, local.Options{}), runtime.Options{})
			b.Cleanup(func() { _ = rt.Cleanup(context.Background()) })
			reg := agenttest.Registry(b)
			var gap, floor time.Duration
			samples := 0
			b.ReportAllocs()
			for b.Loop() {
				j, err := agenttest.NewStore(b).Create(journal.Header{SessionID: "s_1"})
				if err != nil {
					b.Fatal(err)
				}
				gap += toolGap(b, agent.New(gapModel(turns), reg, rt, agent.Options{SessionID: "s_1", Journal: j, Permissions: agenttest.Anything}), turns)
				_ = j.Close()
				floor += bareExec(b, ws.Dir())
				samples++
			}
			n := float64(samples)
			b.ReportMetric(float64(gap.Microseconds())/n, "gap-µs")
			b.ReportMetric(float64(floor.Microseconds())/n, "floor-µs")
			b.ReportMetric(float64(gap)/float64(floor), "gap/floor")
		})
	}
}

// gapModel makes a history of the given number of turns with a tool that does
// nothing, then runs a command.
func gapModel(turns int) agent.Model {
	calls := 0
	return agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		if calls++; calls <= turns {
			return agenttest.Calling("", "echo", map[string]any{"text": "some text as a tool would answer it"}), nil
		}
		return agenttest.Bash("", "true"), nil
	})
}

// gapSamples are averaged, so that one slow fork does not matter.
const gapSamples = 5

func toolGap(b *testing.B, a *agent.Agent, turns int) time.Duration {
	b.Helper()
	if out := a.Run(b.Context(), "go", agent.Turn{MaxSteps: turns}); out.Status != event.StatusStepLimit {
		b.Fatalf("%+v", out)
	}
	begin := time.Now()
	out := a.Run(b.Context(), "", agent.Turn{MaxSteps: gapSamples})
	if out.Status != event.StatusStepLimit || out.Steps != gapSamples {
		b.Fatalf("%+v", out)
	}
	return time.Since(begin) / gapSamples
}

func bareExec(b *testing.B, dir string) time.Duration {
	b.Helper()
	begin := time.Now()
	for range gapSamples {
		cmd := exec.CommandContext(b.Context(), "sh", "-c", "true")
		cmd.Dir = dir
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begin) / gapSamples
}

// BenchmarkJournal measures a typical turn: a prompt, a written file, a command
// with its output and an answer. journal/content compares the bytes on the disk
// with those of prompt, answers, arguments and results; the aim is 2.
func BenchmarkJournal(b *testing.B) {
	code := strings.Repeat("\tif err := step(ctx, \"name\", 3); err != nil && !errors.Is(err, io.EOF) {\n\t\treturn err\n\t}\n", 20)
	calls := 0
	model := agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		switch calls++; calls % 3 {
		case 1:
			return agenttest.Calling("", "write_file", map[string]string{"path": "a.go", "content": code}), nil
		case 2:
			return agenttest.Calling("", "echo", map[string]string{"text": strings.Repeat("ok  \texample.com/a/b\t0.012s <&>\n", 30)}), nil
		default:
			return agenttest.Text(strings.Repeat("It is written, and its tests pass. ", 10)), nil
		}
	})
	store, rec := agenttest.NewStore(b), &agenttest.Recorder{}
	j, err := store.Create(journal.Header{SessionID: "s_1"})
	if err != nil {
		b.Fatal(err)
	}
	a := agenttest.NewAgent(b, model, agent.Options{SessionID: "s_1", Journal: j, Client: rec})
	for b.Loop() {
		if out := a.Run(b.Context(), "Write the next part of it, please, and run the tests.", agent.Turn{}); out.Status != event.StatusCompleted {
			b.Fatalf("%+v", out)
		}
	}
	content := 0
	for _, m := range a.History()[1:] {
		content += len(m.Content)
		for _, c := range m.ToolCalls {
			content += len(c.Arguments)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(store.Dir("s_1"), "journal.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(content), "journal/content")
}
