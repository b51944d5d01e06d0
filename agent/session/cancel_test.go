package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
)

// Clients discard the error of a cancelled request: vim.lsp.rpc never calls back.
func TestCancelledStepIsAResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s, rec := sessions(t, g, nil)
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan session.StepResult, 2)
		step := func(p session.StepParams) {
			res, err := s.Step(ctx, p)
			if err != nil {
				t.Errorf("%s: %v", p.Prompt, err)
			}
			answers <- res
		}
		go step(session.StepParams{Prompt: "running"})
		synctest.Wait()
		go step(session.StepParams{Prompt: "queued", IfBusy: "queue"})
		synctest.Wait()
		cancel()
		for range 2 {
			if res := <-answers; res.Status != event.StatusCancelled || res.Changes == nil || res.Error != nil {
				t.Errorf("%+v", res)
			}
		}
		if res, err := s.Step(ctx, session.StepParams{Prompt: "late"}); err != nil || res.Status != event.StatusCancelled {
			t.Errorf("%+v, %v", res, err)
		}
		g.open <- struct{}{}
		if res, err := s.Step(t.Context(), session.StepParams{Prompt: "next"}); err != nil || res.Status != event.StatusCompleted {
			t.Errorf("the next step: %+v, %v", res, err)
		}
		agenttest.CheckEvents(t, rec.Events())
	})
}

func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, rec := sessions(t, newGate(), nil)
		if _, interrupted, err := s.Interrupt(""); err != nil || interrupted {
			t.Errorf("before any session: %+v, %v", interrupted, err)
		}
		if _, _, err := s.Interrupt("s_other"); !errors.Is(err, session.ErrSessionNotFound) {
			t.Errorf("error %v", err)
		}
		// An accepted turn can be interrupted from the start.
		res, err := s.Step(t.Context(), session.StepParams{Prompt: "go", Wait: dontWait})
		if err != nil {
			t.Fatal(err)
		}
		if _, interrupted, err := s.Interrupt(res.SessionID); err != nil || !interrupted {
			t.Fatalf("%+v, %v", interrupted, err)
		}
		synctest.Wait()
		if ends := rec.Events(event.KindTurnFinished); len(ends) != 1 || ends[0].Status != event.StatusCancelled || ends[0].TurnID != res.TurnID {
			t.Errorf("ends %+v", ends)
		}
		if _, interrupted, _ := s.Interrupt(res.SessionID); interrupted {
			t.Error("an idle session was interrupted")
		}
	})
}

// No cancel is lost, whenever it comes: each step has exactly one answer, and
// after it nothing of its turn runs.
func TestStepAndCancelAtOnce(t *testing.T) {
	g := newGate()
	s, rec := sessions(t, g, nil)
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		res, err := s.Step(ctx, session.StepParams{Prompt: "go"})
		if err != nil || res.Status != event.StatusCancelled {
			t.Fatalf("%+v, %v", res, err)
		}
		if n := len(rec.Events(event.KindTurnStarted)); n != len(rec.Events(event.KindTurnFinished)) {
			t.Fatalf("the answer came before the end of the turn")
		}
	}
	agenttest.CheckEvents(t, rec.Events())
}
