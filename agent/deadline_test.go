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
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// The original checked the time between steps only: a call of 3 s with a limit of
// 0.2 s took 3 s. The clock of these tests is synthetic.
func TestDeadlineReachesTheCallInFlight(t *testing.T) {
	hang := agenttest.Calling("a", "bash", map[string]any{"cmd": "hang", "timeout": 3600})
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
			"the turn's, in a model call", func() agent.Model { return agenttest.Script(agenttest.Slow("")) },
			agent.Options{},
			agent.Turn{Limits: event.Limits{TimeoutSeconds: (2 * time.Hour).Seconds()}},
			2 * time.Hour, "[timeout after 7200s]", "",
		},
		{
			"the turn's, with partial text", func() agent.Model { return agenttest.Script(agenttest.Slow("I beg")) },
			agent.Options{},
			agent.Turn{Limits: event.Limits{TimeoutSeconds: (90 * time.Minute).Seconds()}},
			90 * time.Minute, "I beg\n[timeout after 5400s]", "",
		},
		{
			"the turn's, in a tool", func() agent.Model { return agenttest.Script(hang) },
			agent.Options{},
			agent.Turn{Limits: event.Limits{TimeoutSeconds: (10 * time.Minute).Seconds()}},
			10 * time.Minute, "[timeout after 600s]", "$ hang\nbegun\n[timeout after 600s]",
		},
		{
			"a step's, in a model call", func() agent.Model { return agenttest.Script(agenttest.Bash("a", "ok"), agenttest.Slow("")) },
			agent.Options{StepTimeout: 200 * time.Millisecond},
			agent.Turn{},
			200 * time.Millisecond, "[timeout after 0.2s]", "$ ok\nfine\n",
		},
		{
			"a step's, in a tool", func() agent.Model { return agenttest.Script(hang) },
			agent.Options{StepTimeout: time.Minute},
			agent.Turn{Limits: event.Limits{TimeoutSeconds: time.Hour.Seconds()}},
			time.Minute, "[timeout after 60s]", "$ hang\nbegun\n[timeout after 60s]",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var rec agenttest.Recorder
				tt.opts.Client = &rec
				a := agenttest.NewAgent(t, tt.model(), tt.opts)
				begin := time.Now()
				out := a.Run(t.Context(), "go", tt.bounds)
				if d := time.Since(begin); d != tt.want {
					t.Errorf("took %v, want %v", d, tt.want)
				}
				var limit *runtime.TimeoutError
				if out.Status != event.StatusTimeout || !errors.As(out.Err, &limit) {
					t.Errorf("outcome %+v", out)
				}
				h := a.History()
				if got := h[len(h)-1].Content; got != tt.note {
					t.Errorf("the history ends with %q, want %q", got, tt.note)
				}
				if got := agenttest.Results(h); tt.result != "" && (len(got) != 1 || got[0] != tt.result) {
					t.Errorf("results %q, want %q", got, tt.result)
				}
				if end := rec.Events(event.KindTurnFinished)[0]; end.Status != event.StatusTimeout || !strings.HasPrefix(end.Reason, "timeout after ") || end.Error != nil {
					t.Errorf("terminal event %+v", end)
				}
				agenttest.CheckHistory(t, h)
				agenttest.CheckEvents(t, rec.Events())
			})
		})
	}
}

func TestToolsOwnTimeoutDoesNotEndTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := agenttest.NewAgent(t, agenttest.Script(agenttest.Bash("a", "hang"), agenttest.Text("It hangs.")), agent.Options{})
		begin := time.Now()
		out := a.Run(t.Context(), "go", agent.Turn{Limits: event.Limits{TimeoutSeconds: time.Hour.Seconds()}})
		if out.Status != event.StatusCompleted || time.Since(begin) != runtime.DefaultTimeout {
			t.Errorf("outcome %+v after %v", out, time.Since(begin))
		}
		if got := agenttest.Results(a.History())[0]; got != "$ hang\nbegun\n[timeout after 30s]" {
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
		a := agenttest.NewAgent(t, agenttest.Script(thinking(agenttest.Bash("a", "ok")), thinking(agenttest.Bash("b", "ok")), thinking(agenttest.Text("ok"))),
			agent.Options{StepTimeout: time.Minute})
		if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
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
				a := agenttest.NewAgent(t, agenttest.Script(agenttest.Slow("Well")), agent.Options{Client: &rec})
				time.AfterFunc(time.Hour, func() { cancel(cause) })
				out := a.Run(ctx, "go", agent.Turn{})
				if out.Status != event.StatusCancelled || out.Text != "Well" {
					t.Errorf("outcome %+v", out)
				}
				if h := a.History(); h[len(h)-1].Content != "Well\n[cancelled]" {
					t.Errorf("history %+v", h)
				}
				agenttest.CheckHistory(t, a.History())
				agenttest.CheckEvents(t, rec.Events())
			})
		})
	}
}

func TestCancelledBeforeItBeginsAsksNobody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var rec agenttest.Recorder
	model := agenttest.Script()
	a := agenttest.NewAgent(t, model, agent.Options{Client: &rec})
	if out := a.Run(ctx, "go", agent.Turn{}); out.Status != event.StatusCancelled || out.Steps != 0 {
		t.Errorf("outcome %+v", out)
	}
	if len(model.Requests()) != 0 {
		t.Error("the model was asked")
	}
	agenttest.CheckHistory(t, a.History())
	agenttest.CheckEvents(t, rec.Events())
}

// A client that does not read must not keep a turn from being cancelled: its
// deltas are dropped when the turn ends.
func TestSlowClientCannotHoldACancelUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		rec := agenttest.Recorder{OnEvent: func(ctx context.Context, e event.Event) {
			if e.Live() {
				<-ctx.Done()
			}
		}}
		a := agenttest.NewAgent(t, agenttest.Script(agenttest.Slow("Well")), agent.Options{Client: &rec})
		if out := a.Run(ctx, "go", agent.Turn{}); out.Status != event.StatusTimeout {
			t.Errorf("outcome %+v", out)
		}
	})
}

func TestNumberedEventsOutliveTheCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rec := agenttest.Recorder{OnEvent: func(ctx context.Context, e event.Event) {
		if !e.Live() && ctx.Err() != nil {
			t.Errorf("%s came with an ended context", e.Kind)
		}
	}}
	a := agenttest.NewAgent(t, agenttest.Script(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		cancel()
		return agent.Reply{}, context.Canceled
	}), agent.Options{Client: &rec})
	a.Run(ctx, "go", agent.Turn{})
	if len(rec.Events(event.KindTurnFinished)) != 1 {
		t.Error("no terminal event")
	}
}
