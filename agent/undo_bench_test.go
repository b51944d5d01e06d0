package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/snapshot"
)

// BenchmarkTurnEnd measures the time that undo adds to the end of a turn with a
// command that changes one file. The budget is a few milliseconds in a small
// tree. suspects-ms, the search for files that git would run, is part of it,
// concurrent with the scan.
func BenchmarkTurnEnd(b *testing.B) {
	for _, files := range []int{100, 10_000} {
		b.Run(fmt.Sprint(files), func(b *testing.B) {
			var last time.Time
			var a *agent.Agent
			n := 0
			model := agenttest.Func(func(_ context.Context, req agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
				if req.Messages[len(req.Messages)-1].Role == event.RoleUser {
					n++
					return agenttest.Calls("", agenttest.Call(fmt.Sprint("c", n), "write_file", map[string]any{"path": "changed", "content": fmt.Sprint(n)})), nil
				}
				last = time.Now()
				return agenttest.Text("done"), nil
			})
			a = agenttest.NewAgent(b, model, agent.Options{Undo: snapshot.NewUndo(snapshot.UndoOptions{}), Permissions: approval.Permissions{Mode: event.ModeAuto}})
			defer a.Close(context.Background())
			dir := a.Runtime().Workspace().Dir()
			for i := range files {
				name := filepath.Join(dir, fmt.Sprint("d", i/50), fmt.Sprint("f", i))
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(name), 0o644); err != nil {
					b.Fatal(err)
				}
			}
			a.Run(b.Context(), "fill the baseline", agent.Turn{})
			var ends, searches []time.Duration
			for b.Loop() {
				if out := a.Run(b.Context(), "change", agent.Turn{}); out.Err != nil || len(out.Changes) != 1 {
					b.Fatalf("%+v", out)
				}
				ends = append(ends, time.Since(last))
				start := time.Now()
				if _, err := gitguard.Suspects(dir); err != nil {
					b.Fatal(err)
				}
				searches = append(searches, time.Since(start))
			}
			b.ReportMetric(ms(ends), "end-ms")
			b.ReportMetric(ms(searches), "suspects-ms")
		})
	}
}

func ms(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2].Microseconds()) / 1000
}
