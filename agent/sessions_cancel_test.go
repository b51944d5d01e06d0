package agent_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/pygent/pygent/agent"
)

// Clients swallow the error of a cancelled request: vim.lsp.rpc never calls back.
func TestCancelledStepIsAResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s, rec := sessions(t, g, nil)
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan agent.StepResult, 2)
		step := func(p agent.StepParams) {
			res, err := s.Step(ctx, p)
			if err != nil {
				t.Errorf("%s: %v", p.Prompt, err)
			}
			answers <- res
		}
		go step(agent.StepParams{Prompt: "running"})
		synctest.Wait()
		go step(agent.StepParams{Prompt: "queued", IfBusy: "queue"})
		synctest.Wait()
		cancel()
		for range 2 {
			if res := <-answers; res.Status != agent.StatusCancelled || res.Changes == nil || res.Error != nil {
				t.Errorf("%+v", res)
			}
		}
		if res, err := s.Step(ctx, agent.StepParams{Prompt: "late"}); err != nil || res.Status != agent.StatusCancelled {
			t.Errorf("%+v, %v", res, err)
		}
		g.open <- struct{}{}
		if res, err := s.Step(t.Context(), agent.StepParams{Prompt: "next"}); err != nil || res.Status != agent.StatusCompleted {
			t.Errorf("the next step: %+v, %v", res, err)
		}
		checkEvents(t, rec.Events())
	})
}

func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, rec := sessions(t, newGate(), nil)
		if res, err := s.Interrupt(t.Context(), agent.InterruptParams{}); err != nil || res.Interrupted {
			t.Errorf("before any session: %+v, %v", res, err)
		}
		if _, err := s.Interrupt(t.Context(), agent.InterruptParams{SessionID: "s_other"}); !errors.Is(err, agent.ErrSessionNotFound) {
			t.Errorf("error %v", err)
		}
		// An accepted turn can be interrupted from the very beginning.
		res, err := s.Step(t.Context(), agent.StepParams{Prompt: "go", Wait: dontWait})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Interrupt(t.Context(), agent.InterruptParams{SessionID: res.SessionID}); err != nil || !got.Interrupted {
			t.Fatalf("%+v, %v", got, err)
		}
		synctest.Wait()
		if ends := rec.Events(agent.KindTurnFinished); len(ends) != 1 || ends[0].Status != agent.StatusCancelled || ends[0].TurnID != res.TurnID {
			t.Errorf("ends %+v", ends)
		}
		if got, _ := s.Interrupt(t.Context(), agent.InterruptParams{SessionID: res.SessionID}); got.Interrupted {
			t.Error("an idle session was interrupted")
		}
	})
}

// No cancel is lost, however it falls: each step has exactly one answer, and
// after it nothing of its turn goes on.
func TestStepAndCancelAtOnce(t *testing.T) {
	g := newGate()
	s, rec := sessions(t, g, nil)
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		res, err := s.Step(ctx, agent.StepParams{Prompt: "go"})
		if err != nil || res.Status != agent.StatusCancelled {
			t.Fatalf("%+v, %v", res, err)
		}
		if n := len(rec.Events(agent.KindTurnStarted)); n != len(rec.Events(agent.KindTurnFinished)) {
			t.Fatalf("the answer came before the end of the turn")
		}
	}
	checkEvents(t, rec.Events())
}
