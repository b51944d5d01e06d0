package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
)

// sessions connects a Manager to one model. The Recorder gets the events of all
// sessions.
func sessions(t *testing.T, model agent.Model, change func(*session.Options)) (*session.Manager, *agenttest.Recorder) {
	t.Helper()
	rec := &agenttest.Recorder{}
	opts := session.Options{
		New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agent.New(model, agenttest.Registry(t), agenttest.NewRuntime(t), agent.Options{SessionID: spec.SessionID, Client: rec, Permissions: agenttest.Anything}), nil
		},
		Describe: func(err error) *event.ErrorDetail { return &event.ErrorDetail{Code: 1, Message: err.Error()} },
	}
	if change != nil {
		change(&opts)
	}
	s := session.NewManager(t.Context(), opts)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, rec
}

// gate is a model whose calls wait until the gate is opened or they are
// cancelled. Each call takes one token of open.
type gate struct {
	open  chan struct{}
	calls atomic.Int32
}

func newGate() *gate { return &gate{open: make(chan struct{}, 100)} }

func (g *gate) Chat(ctx context.Context, req agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
	g.calls.Add(1)
	select {
	case <-g.open:
		return agenttest.Text("answer to " + req.Messages[len(req.Messages)-1].Content), nil
	case <-ctx.Done():
		return agent.Reply{}, context.Cause(ctx)
	}
}

var dontWait = new(bool)

func TestStepServes(t *testing.T) {
	s, rec := sessions(t, agenttest.Script(agenttest.Text("Hello."), errors.New("broken"), agenttest.Text("Again.")), nil)
	first, err := s.Step(t.Context(), session.StepParams{Prompt: "hi"})
	if err != nil || first.Status != event.StatusCompleted || first.Text != "Hello." || first.SessionID == "" || first.TurnID == "" || first.Changes == nil || first.Error != nil {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := s.Step(t.Context(), session.StepParams{Prompt: "hi"}) // the connection's own again
	if err != nil || second.SessionID != first.SessionID || second.TurnID == first.TurnID {
		t.Fatalf("%+v, %v", second, err)
	}
	if second.Status != event.StatusFailed || second.Error == nil || second.Error.Message != "broken" {
		t.Errorf("a model's failure is a result: %+v", second)
	}
	third, err := s.Step(t.Context(), session.StepParams{Prompt: "hi", SessionID: first.SessionID})
	if err != nil || third.Text != "Again." {
		t.Errorf("%+v, %v", third, err)
	}
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "hi", SessionID: "s_other"}); !errors.Is(err, session.ErrSessionNotFound) {
		t.Errorf("error %v", err)
	}
	agenttest.CheckEvents(t, rec.Events())
}

func TestConcurrentFirstUseMakesOneSession(t *testing.T) {
	var made atomic.Int32
	s, _ := sessions(t, nil, func(o *session.Options) {
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			made.Add(1)
			time.Sleep(time.Millisecond)
			return agenttest.NewAgent(t, newGate(), agent.Options{SessionID: spec.SessionID}), nil
		}
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.Place(t.Context(), ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d sessions were made", made.Load())
	}
}

func TestFailedFirstUseCanBeTriedAgain(t *testing.T) {
	tries := 0
	s, _ := sessions(t, nil, func(o *session.Options) {
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			if tries++; tries == 1 {
				return nil, errors.New("no daemon")
			}
			return agenttest.NewAgent(t, agenttest.Script(agenttest.Text("ok")), agent.Options{SessionID: spec.SessionID}), nil
		}
	})
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "hi"}); err == nil || err.Error() != "open session: no daemon" {
		t.Errorf("error %v", err)
	}
	if res, err := s.Step(t.Context(), session.StepParams{Prompt: "hi"}); err != nil || res.Status != event.StatusCompleted {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestNothingBeginsWithoutAModel(t *testing.T) {
	s, rec := sessions(t, nil, func(o *session.Options) {
		o.Ready = func() error { return fmt.Errorf("%w: set OPENAI_API_KEY", agent.ErrAuthRequired) }
		o.New = func(context.Context, session.Spec) (*agent.Agent, error) {
			t.Error("a session was made")
			return nil, errors.New("no")
		}
	})
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "hi"}); !errors.Is(err, agent.ErrAuthRequired) {
		t.Errorf("error %v", err)
	}
	if len(rec.Events()) != 0 {
		t.Errorf("events %+v", rec.Events())
	}
}

func TestSecondStepIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s, _ := sessions(t, g, nil)
		accepted, err := s.Step(t.Context(), session.StepParams{Prompt: "one", Wait: dontWait})
		if err != nil || accepted.Status != event.StatusAccepted || accepted.TurnID == "" || accepted.SessionID == "" {
			t.Fatalf("%+v, %v", accepted, err)
		}
		_, err = s.Step(t.Context(), session.StepParams{Prompt: "two"})
		if !errors.Is(err, agent.ErrBusy) {
			t.Fatalf("error %v", err)
		}
		g.open <- struct{}{}
		synctest.Wait()
		g.open <- struct{}{}
		if res, err := s.Step(t.Context(), session.StepParams{Prompt: "three"}); err != nil || res.Text != "answer to three" {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

func TestQueuedStepsRunInOrderAndAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 16
		g := newGate()
		s, rec := sessions(t, g, nil)
		if _, err := s.Step(t.Context(), session.StepParams{Prompt: "first", Wait: dontWait}); err != nil {
			t.Fatal(err)
		}
		for i := range most {
			res, err := s.Step(t.Context(), session.StepParams{Prompt: fmt.Sprint(i), Wait: dontWait, IfBusy: "queue"})
			if err != nil || res.Status != event.StatusQueued {
				t.Fatalf("%+v, %v", res, err)
			}
		}
		if _, err := s.Step(t.Context(), session.StepParams{Prompt: "one too many", IfBusy: "queue"}); !errors.Is(err, agent.ErrBusy) {
			t.Fatalf("error %v", err)
		}
		for range most + 1 {
			g.open <- struct{}{}
		}
		synctest.Wait()
		want := []string{"answer to first"}
		for i := range most {
			want = append(want, fmt.Sprintf("answer to %d", i))
		}
		var got []string
		for _, e := range rec.Events(event.KindTurnFinished) {
			got = append(got, e.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		agenttest.CheckEvents(t, rec.Events())
	})
}

func TestLimitsReachTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model := agenttest.Script(agenttest.Slow(""), agenttest.Bash("", "ok"), agenttest.Bash("", "ok"))
		s, _ := sessions(t, model, func(o *session.Options) {
			o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
				return agenttest.NewAgent(t, model, agent.Options{SessionID: spec.SessionID, MaxSteps: 1}), nil
			}
		})
		res, err := s.Step(t.Context(), session.StepParams{Prompt: "go", Limits: &event.Limits{TimeoutSeconds: 0.2}})
		if err != nil || res.Status != event.StatusTimeout || res.Error != nil {
			t.Errorf("%+v, %v", res, err)
		}
		res, err = s.Step(t.Context(), session.StepParams{Prompt: "go", MaxSteps: 9, Limits: &event.Limits{Tokens: 1}})
		if err != nil || res.Status != event.StatusBudget {
			t.Errorf("%+v, %v", res, err)
		}
		res, err = s.Step(t.Context(), session.StepParams{Prompt: "go"})
		if err != nil || res.Status != event.StatusStepLimit || res.Steps != 1 {
			t.Errorf("%+v, %v", res, err)
		}
	})
}

func TestRuntimeInfoOfTheOwnSession(t *testing.T) {
	s, _ := sessions(t, newGate(), nil)
	info, err := s.RuntimeInfo(t.Context(), session.SessionParams{})
	if err != nil || info.Kind != "local" || info.Workspace == "" {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := s.RuntimeInfo(t.Context(), session.SessionParams{SessionID: "s_other"}); !errors.Is(err, session.ErrSessionNotFound) {
		t.Errorf("error %v", err)
	}
}
