package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
)

func TestCloseWhileTurnsRunAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, rec := sessions(t, newGate(), nil)
		for range 5 {
			if _, err := s.Step(t.Context(), session.StepParams{Prompt: "go", Wait: dontWait, IfBusy: "queue"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		// Every accepted turn has its terminal event by now.
		ends := rec.Events(event.KindTurnFinished)
		if len(ends) != 5 {
			t.Errorf("%d terminal events", len(ends))
		}
		for _, e := range ends {
			if e.Status != event.StatusCancelled {
				t.Errorf("end %+v", e)
			}
		}
		agenttest.CheckEvents(t, rec.Events())
		if _, err := s.Step(t.Context(), session.StepParams{Prompt: "late"}); !errors.Is(err, context.Canceled) {
			t.Errorf("a step after Close: %v", err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("the second Close: %v", err)
		}
	})
}

func TestCloseIsBounded(t *testing.T) {
	called, release := make(chan struct{}), make(chan struct{})
	deaf := agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
		close(called)
		<-release
		return agenttest.Text("at last"), nil
	})
	s, _ := sessions(t, deaf, nil)
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "go", Wait: dontWait}); err != nil {
		t.Fatal(err)
	}
	<-called // before that the turn would end at once
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	close(release)
}

func TestCloseWhileASessionIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, proceed := make(chan struct{}), make(chan struct{})
		rt := agenttest.NewRuntime(t)
		s, _ := sessions(t, nil, func(o *session.Options) {
			o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
				close(begun)
				<-proceed
				return agent.New(newGate(), agenttest.Registry(t), rt, agent.Options{SessionID: spec.SessionID}), nil
			}
		})
		failed := make(chan error, 1)
		go func() {
			_, err := s.Step(t.Context(), session.StepParams{Prompt: "hi"})
			failed <- err
		}()
		<-begun
		closed := make(chan error, 1)
		go func() { closed <- s.Close(t.Context()) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close left a session behind that was being made")
		default:
		}
		close(proceed)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if rt.Workspace().Check() == nil {
			t.Error("the session's workspace is still there")
		}
	})
}
