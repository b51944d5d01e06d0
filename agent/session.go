package agent

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// session is an agent that does one turn at a time.
//
//	idle ──enter──▶ busy ──release──▶ idle, or busy with the next in line
type session struct {
	id      string
	agent   *Agent
	waiting *waitingRoom // shared with other sessions; nil counts nothing

	mu      sync.Mutex
	running *place   // nil while no turn runs
	line    []*place // turns that wait, first come, first served
	closing bool
	left    []Approval    // what delegated agents had asked for when the last server ended
	idle    chan struct{} // closed when closing and no turn is left
}

// place is a turn's place in a session.
type place struct {
	turnID string
	cancel context.CancelFunc
	ready  chan struct{} // closed when it is the turn's turn
	mail   *mailbox      // what is said to the turn while it runs; nil for what is no turn
	size   int           // bytes that it costs to wait

	resumed *answered // the turn goes on with this call; nil begins anew
}

func newPlace(cancel context.CancelFunc) *place {
	return &place{turnID: newID("t"), cancel: cancel, ready: make(chan struct{}), mail: &mailbox{}}
}

func newSession(id string, agent *Agent, waiting *waitingRoom) *session {
	return &session{id: id, agent: agent, waiting: waiting, idle: make(chan struct{})}
}

// enter gives p the session, at once or, with queue, a place in the line. Who
// enters must wait for p.ready, then call release; or leave.
func (s *session) enter(p *place, queue bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.mail != nil {
		p.mail.waiting = s.waiting
	}
	switch {
	case s.closing:
		return errClosing()
	case s.running == nil:
		s.running = p
		close(p.ready)
		return nil
	case !queue:
		return fmt.Errorf("%w: session %s runs turn %s; give ifBusy \"queue\" or \"steer\", or interrupt it", ErrBusy, s.id, s.running.turnID)
	case len(s.line) >= maxWaiting:
		return fmt.Errorf("%w: %d turns already wait for session %s", ErrBusy, len(s.line), s.id)
	}
	if err := s.waiting.enter(p.size); err != nil {
		return err
	}
	s.line = append(s.line, p)
	return nil
}

// steer says something to the running turn and returns its id. ok is false when
// none runs, or when it takes no more.
func (s *session) steer(ctx context.Context, l letter) (turnID string, ok bool, err error) {
	s.mu.Lock()
	running := s.running
	if s.closing {
		running = nil
	}
	s.mu.Unlock()
	if running == nil {
		return "", false, nil
	}
	// Without mu: a slow client holds the event up.
	ok, err = running.mail.put(l, func() error { return s.agent.keepSteered(ctx, l) })
	return running.turnID, ok, err
}

// inherit notes what delegated agents had asked for when the last server ended.
func (s *session) inherit(children []Child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range children {
		if c.Asked != nil {
			s.left = append(s.left, *c.Asked)
		}
	}
}

// inherited is what was noted, answered since or not.
func (s *session) inherited() []Approval {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.left)
}

// busy tells whether something runs in the session.
func (s *session) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running != nil
}

// leave gives up a place in the line. It reports false when p has the session
// already.
func (s *session) leave(p *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.line, p)
	if i < 0 {
		return false
	}
	s.line = slices.Delete(s.line, i, i+1)
	s.waiting.leave(p.size)
	return true
}

// release ends the running turn and lets the next one in.
func (s *session) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = nil
	switch {
	case len(s.line) > 0:
		s.running = s.line[0]
		s.line = slices.Delete(s.line, 0, 1)
		s.waiting.leave(s.running.size)
		if s.closing {
			s.running.cancel() // it ends as soon as it begins, and says so
		}
		close(s.running.ready)
	case s.closing:
		close(s.idle)
	}
}

// interrupt cancels the running turn and tells whether there was one.
func (s *session) interrupt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return false
	}
	s.running.cancel()
	return true
}

// close ends the running turn and those in line, lets no other in and cleans
// the session up.
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
