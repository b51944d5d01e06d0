package agent_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

func TestProgressOfALongCall(t *testing.T) {
	type shown struct {
		Tool, CallID string
		Bytes        int64
	}
	piece := func(id, tool string, bytes int) agent.Delta {
		return agent.Delta{Call: agent.CallDelta{ID: id, Tool: tool, Bytes: bytes}}
	}
	tests := []struct {
		name   string
		every  time.Duration // between two pieces
		pieces []agent.Delta
		want   []shown
	}{
		{"short", 0, []agent.Delta{piece("a", "bash", 10), piece("a", "bash", 20)}, nil},
		{"long and fast", time.Millisecond, []agent.Delta{piece("a", "write_file", 1000), piece("a", "write_file", 2000), piece("a", "write_file", 3000)}, []shown{{"write_file", "a", 2000}}},
		{"slow", 100 * time.Millisecond, []agent.Delta{
			piece("a", "write_file", 10), piece("a", "write_file", 20), piece("a", "write_file", 30), piece("a", "write_file", 40),
			piece("a", "write_file", 50), piece("a", "write_file", 60), piece("a", "write_file", 70),
		}, []shown{{"write_file", "a", 40}, {"write_file", "a", 70}}},
		{"two calls", 300 * time.Millisecond, []agent.Delta{piece("a", "write_file", 2000), piece("", "bash", 5), piece("", "bash", 9)}, []shown{{"write_file", "a", 2000}, {"bash", "", 9}}},
		{"an id that another call has", 0, []agent.Delta{piece("old", "write_file", 2000)}, []shown{{"write_file", "", 2000}}},
		{"begun anew", 0, []agent.Delta{
			piece("a", "write_file", 2000), {Retry: &agent.Retry{Attempt: 1}}, piece("b", "write_file", 3000),
		}, []shown{{"write_file", "a", 2000}, {"write_file", "b", 3000}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var rec agenttest.Recorder
				writing := func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
					for _, d := range tt.pieces {
						emit(d)
						time.Sleep(tt.every) // the bubble's clock
					}
					return agenttest.Text("ok"), nil
				}
				a := agenttest.NewAgent(t, agenttest.Script(agenttest.Bash("old", "ok"), writing), agent.Options{Client: &rec})
				a.Run(t.Context(), "go", agent.Turn{})
				var got []shown
				for _, e := range rec.Events(event.KindToolProgress) {
					got = append(got, shown{e.Tool, e.CallID, e.Bytes})
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				agenttest.CheckEvents(t, rec.Events())
			})
		})
	}
}
