package agent

import (
	"context"
	"fmt"
)

// acquire takes the session for one turn: at once, or, with queue, when the
// turns before it have ended.
func (s *session) acquire(ctx context.Context, queue bool) error {
	select {
	case <-s.turn:
		return nil
	default:
	}
	if !queue {
		return fmt.Errorf("%w: session %s runs turn %s; give ifBusy \"queue\" or call agent/interrupt", ErrBusy, s.id, s.current())
	}
	if !s.enqueue(1) {
		return fmt.Errorf("%w: %d turns already wait for session %s", ErrBusy, maxWaiting, s.id)
	}
	defer s.enqueue(-1)
	select {
	case <-s.turn:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *session) enqueue(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting+n > maxWaiting {
		return false
	}
	s.waiting += n
	return true
}

func (s *session) current() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turnID
}

func (s *session) begin(turnID string, cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turnID, s.cancel = turnID, cancel
	if s.closing {
		cancel()
	}
}

func (s *session) release() {
	s.mu.Lock()
	s.turnID, s.cancel = "", nil
	s.mu.Unlock()
	s.turn <- struct{}{}
}

// interrupt cancels the running turn and tells whether there was one.
func (s *session) interrupt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return false
	}
	s.cancel()
	return true
}

// close ends the running turn, keeps the session for good and cleans it up.
func (s *session) close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.interrupt()
	select {
	case <-s.turn:
		return s.agent.Close(ctx)
	case <-ctx.Done():
		return fmt.Errorf("close session %s: turn %s did not end: %w", s.id, s.current(), context.Cause(ctx))
	}
}
