package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/runtime"
)

// The original looked at the time between steps only: a call of 3 s with a limit
// of 0.2 s took 3 s. Hours pass at once in these tests.
func TestDeadlineReachesTheCallInFlight(t *testing.T) {
	hang := call("a", "bash", map[string]any{"cmd": "hang", "timeout": 3600})
	tests := []struct {
		name   string
		model  func() agent.Model
		opts   agent.Options
		bounds agent.Turn
		want   time.Duration
		note   string // last message of the history
		result string // of the tool in flight
	}{
		{
			"the turn's, in a model call", func() agent.Model { return agenttest.Script(slow("")) },
			agent.Options{},
			agent.Turn{Timeout: 2 * time.Hour},
			2 * time.Hour, "[timeout after 7200s]", "",
		},
		{
			"the turn's, with partial text", func() agent.Model { return agenttest.Script(slow("I beg")) },
			agent.Options{},
			agent.Turn{Timeout: 90 * time.Minute},
			90 * time.Minute, "I beg\n[timeout after 5400s]", "",
		},
		{
			"the turn's, in a tool", func() agent.Model { return agenttest.Script(hang) },
			agent.Options{},
			agent.Turn{Timeout: 10 * time.Minute},
			10 * time.Minute, "[timeout after 600s]", "$ hang\nbegun\n[timeout after 600s]",
		},
		{
			"a step's, in a model call", func() agent.Model { return agenttest.Script(bash("a", "ok"), slow("")) },
			agent.Options{StepTimeout: 200 * time.Millisecond},
			agent.Turn{},
			200 * time.Millisecond, "[timeout after 0.2s]", "$ ok\nfine\n",
		},
		{
			"a step's, in a tool", func() agent.Model { return agenttest.Script(hang) },
			agent.Options{StepTimeout: time.Minute},
			agent.Turn{Timeout: time.Hour},
			time.Minute, "[timeout after 60s]", "$ hang\nbegun\n[timeout after 60s]",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var rec agenttest.Recorder
				tt.opts.Client = &rec
				a := newAgent(t, tt.model(), tt.opts)
				begin := time.Now()
				out := a.Run(t.Context(), "go", tt.bounds)
				if d := time.Since(begin); d != tt.want {
					t.Errorf("took %v, want %v", d, tt.want)
				}
				var limit *runtime.TimeoutError
				if out.Status != agent.StatusTimeout || !errors.As(out.Err, &limit) {
					t.Errorf("outcome %+v", out)
				}
				h := a.History()
				if got := h[len(h)-1].Content; got != tt.note {
					t.Errorf("the history ends with %q, want %q", got, tt.note)
				}
				if got := results(h); tt.result != "" && (len(got) != 1 || got[0] != tt.result) {
					t.Errorf("results %q, want %q", got, tt.result)
				}
				if end := rec.Events(agent.KindTurnFinished)[0]; end.Status != agent.StatusTimeout || !strings.HasPrefix(end.Reason, "timeout after ") || end.Error != nil {
					t.Errorf("terminal event %+v", end)
				}
				checkHistory(t, h)
				checkEvents(t, rec.Events())
			})
		})
	}
}

func TestToolsOwnTimeoutDoesNotEndTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAgent(t, agenttest.Script(bash("a", "hang"), agenttest.Text("It hangs.")), agent.Options{})
		begin := time.Now()
		out := a.Run(t.Context(), "go", agent.Turn{Timeout: time.Hour})
		if out.Status != agent.StatusCompleted || time.Since(begin) != runtime.DefaultTimeout {
			t.Errorf("outcome %+v after %v", out, time.Since(begin))
		}
		if got := results(a.History())[0]; got != "$ hang\nbegun\n[timeout after 30s]" {
			t.Errorf("result %q", got)
		}
	})
}

func TestEachStepHasItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		thinking := func(reply agent.Reply) agenttest.ChatFunc {
			return func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
				time.Sleep(50 * time.Second)
				return reply, nil
			}
		}
		a := newAgent(t, agenttest.Script(thinking(bash("a", "ok")), thinking(bash("b", "ok")), thinking(agenttest.Text("ok"))),
			agent.Options{StepTimeout: time.Minute})
		if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != agent.StatusCompleted {
			t.Errorf("outcome %+v", out)
		}
	})
}

func TestCancelEndsTheModelCall(t *testing.T) {
	for name, cause := range map[string]error{"plain": nil, "with a cause": errors.New("the client is gone")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				var rec agenttest.Recorder
				a := newAgent(t, agenttest.Script(slow("Well")), agent.Options{Client: &rec})
				time.AfterFunc(time.Hour, func() { cancel(cause) })
				out := a.Run(ctx, "go", agent.Turn{})
				if out.Status != agent.StatusCancelled || out.Text != "Well" {
					t.Errorf("outcome %+v", out)
				}
				if h := a.History(); h[len(h)-1].Content != "Well\n[cancelled]" {
					t.Errorf("history %+v", h)
				}
				checkHistory(t, a.History())
				checkEvents(t, rec.Events())
			})
		})
	}
}

func TestCancelledBeforeItBeginsAsksNobody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var rec agenttest.Recorder
	model := agenttest.Script()
	a := newAgent(t, model, agent.Options{Client: &rec})
	if out := a.Run(ctx, "go", agent.Turn{}); out.Status != agent.StatusCancelled || out.Steps != 0 {
		t.Errorf("outcome %+v", out)
	}
	if len(model.Requests()) != 0 {
		t.Error("the model was asked")
	}
	checkHistory(t, a.History())
	checkEvents(t, rec.Events())
}

// A client that does not read must not keep a turn from being cancelled: a delta
// is given up with the turn.
func TestSlowClientCannotHoldACancelUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		rec := agenttest.Recorder{OnEvent: func(ctx context.Context, e agent.Event) {
			if e.Live() {
				<-ctx.Done()
			}
		}}
		a := newAgent(t, agenttest.Script(slow("Well")), agent.Options{Client: &rec})
		if out := a.Run(ctx, "go", agent.Turn{}); out.Status != agent.StatusTimeout {
			t.Errorf("outcome %+v", out)
		}
	})
}

func TestNumberedEventsOutliveTheCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rec := agenttest.Recorder{OnEvent: func(ctx context.Context, e agent.Event) {
		if !e.Live() && ctx.Err() != nil {
			t.Errorf("%s came with an ended context", e.Kind)
		}
	}}
	a := newAgent(t, agenttest.Script(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		cancel()
		return agent.Reply{}, context.Canceled
	}), agent.Options{Client: &rec})
	a.Run(ctx, "go", agent.Turn{})
	if len(rec.Events(agent.KindTurnFinished)) != 1 {
		t.Error("no terminal event")
	}
}
