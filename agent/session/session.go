package session

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
)

// session is an agent that runs one turn at a time.
//
//	idle ──enter──▶ busy ──release──▶ idle, or busy with the next queued turn
type session struct {
	id      string
	agent   *agent.Agent
	waiting *agent.QueuedBytes // shared with other sessions; nil counts nothing

	mu      sync.Mutex
	running *place   // nil while no turn runs
	queue   []*place // waiting turns, in order of arrival
	closing bool
	idle    chan struct{} // closed when closing and no turn is left
}

// place is one turn, running or queued in a session.
type place struct {
	turnID   string
	cancel   context.CancelFunc
	ready    chan struct{}   // closed when the turn may run
	steering *agent.Steering // prompts for the turn while it runs; nil for work that is not a turn
	size     int             // bytes that it uses while queued

	answered *agent.Answered // the turn continues with this call; nil begins anew
}

func newPlace(cancel context.CancelFunc) *place {
	return &place{turnID: event.NewID("t"), cancel: cancel, ready: make(chan struct{}), steering: &agent.Steering{}}
}

func newSession(id string, agent *agent.Agent, waiting *agent.QueuedBytes) *session {
	return &session{id: id, agent: agent, waiting: waiting, idle: make(chan struct{})}
}

// enter gives p the session, at once or, with queue, after the queued turns. The
// caller must wait for p.ready and then call release, or call leave.
func (s *session) enter(p *place, queue bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.steering != nil {
		p.steering.Queued = s.waiting
	}
	switch {
	case s.closing:
		return errClosing()
	case s.running == nil:
		s.running = p
		close(p.ready)
		return nil
	case !queue:
		return fmt.Errorf("%w: session %s runs turn %s; give ifBusy \"queue\" or \"steer\", or interrupt it", agent.ErrBusy, s.id, s.running.turnID)
	case len(s.queue) >= maxWaiting:
		return fmt.Errorf("%w: %d turns already wait for session %s", agent.ErrBusy, len(s.queue), s.id)
	}
	if err := s.waiting.Add(p.size); err != nil {
		return err
	}
	s.queue = append(s.queue, p)
	return nil
}

// steer gives a prompt to the running turn and returns its id. ok is false when
// no turn runs, or when it takes no more.
func (s *session) steer(ctx context.Context, p agent.Steered) (turnID string, ok bool, err error) {
	s.mu.Lock()
	running := s.running
	if s.closing {
		running = nil
	}
	s.mu.Unlock()
	if running == nil {
		return "", false, nil
	}
	// Without mu, because a slow client blocks the event.
	ok, err = s.agent.Steer(ctx, running.steering, p)
	return running.turnID, ok, err
}

// busy reports whether something runs in the session.
func (s *session) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running != nil
}

// leave removes p from the queue. It returns false when p has the session
// already.
func (s *session) leave(p *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, p)
	if i < 0 {
		return false
	}
	s.queue = slices.Delete(s.queue, i, i+1)
	s.waiting.Remove(p.size)
	return true
}

// release ends the running turn and starts the next one.
func (s *session) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = nil
	switch {
	case len(s.queue) > 0:
		s.running = s.queue[0]
		s.queue = slices.Delete(s.queue, 0, 1)
		s.waiting.Remove(s.running.size)
		if s.closing {
			s.running.cancel() // the turn begins and ends at once, with its events
		}
		close(s.running.ready)
	case s.closing:
		close(s.idle)
	}
}

// interrupt cancels the running turn and reports whether there was one.
func (s *session) interrupt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return false
	}
	s.running.cancel()
	return true
}

// close ends the running turn and the queued ones, admits no other and cleans up
// the session.
func (s *session) close(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	switch {
	case s.running != nil:
		s.running.cancel()
	case first:
		close(s.idle)
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
		return s.agent.Close(ctx)
	case <-ctx.Done():
		return fmt.Errorf("close session %s: its turn did not end: %w", s.id, context.Cause(ctx))
	}
}
