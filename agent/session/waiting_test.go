package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/session"
)

// crowd holds two busy sessions, which get steered or queued prompts.
type crowd struct {
	*testing.T
	*session.Manager
	gate *gate
	ids  []string
}

// busy begins a turn in each session; the model does not answer.
func (c *crowd) busy() {
	c.Helper()
	for len(c.gate.open) > 0 {
		<-c.gate.open
	}
	for _, id := range c.ids {
		if _, err := c.Step(c.Context(), session.StepParams{SessionID: id, Prompt: "go", Wait: dontWait}); err != nil {
			c.Fatal(err)
		}
	}
	synctest.Wait()
}

// leave sends a prompt to the n-th session.
func (c *crowd) leave(n int, prompt string) error {
	p := session.StepParams{SessionID: c.ids[n%2], Prompt: prompt, Wait: dontWait, IfBusy: "queue"}
	if n%3 == 0 {
		p.IfBusy = "steer"
	}
	_, err := c.Step(c.Context(), p)
	return err
}

// fill sends long prompts until one is refused, and returns how many were
// accepted.
func (c *crowd) fill(prompt string) int {
	for n := range 100 {
		if err := c.leave(n, prompt); err != nil {
			if !errors.Is(err, agent.ErrBusy) || !strings.Contains(err.Error(), "at most 64 MiB") {
				c.Errorf("refused with %v", err)
			}
			return n
		}
	}
	return -1
}

// Waiting prompts are bounded in bytes over all sessions, queued or steered;
// space is freed when a turn takes one or a queued step is cancelled.
func TestWaitingPromptsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s, _ := sessions(t, g, nil)
		c := &crowd{T: t, Manager: s, gate: g}
		for range 2 {
			made, err := s.NewSession(t.Context(), session.NewSessionParams{})
			if err != nil {
				t.Fatal(err)
			}
			c.ids = append(c.ids, made.SessionID)
		}
		long := strings.Repeat("x", 7<<20)
		for range 2 {
			c.busy()
			if n := c.fill(long); n != 9 {
				t.Errorf("%d prompts of 7 MiB wait", n)
			}
			if err := c.leave(1, "a short one"); err != nil {
				t.Errorf("a short one: %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				_, _ = s.Step(ctx, session.StepParams{SessionID: c.ids[0], Prompt: long[:800<<10], IfBusy: "queue"})
			}()
			synctest.Wait()
			if err := c.leave(2, long[:800<<10]); !errors.Is(err, agent.ErrBusy) {
				t.Errorf("one too many: %v", err)
			}
			cancel()
			synctest.Wait()
			if err := c.leave(2, long[:800<<10]); err != nil {
				t.Errorf("where another gave up: %v", err)
			}
			for range 50 {
				g.open <- struct{}{}
			}
			synctest.Wait()
		}
	})
}
