package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Caps of what a client can pile up.
const (
	maxPrompt  = 8 << 20 // bytes of a prompt with its context
	maxSteps   = 10_000
	maxWaiting = 16 // turns that queue for one session
)

// closeTimeout bounds the clean-up of a session that came too late.
const closeTimeout = 10 * time.Second

// SessionsOptions wire Sessions to the rest of the program.
type SessionsOptions struct {
	// New makes the agent of a new session with the given id: its workspace,
	// runtime and tools.
	New func(ctx context.Context, sessionID string) (*Agent, error)

	// Ready says why no turn can begin, as a missing key; nil is always ready.
	Ready func() error

	// Describe gives an error its shape on the wire.
	Describe func(error) *ErrorDetail
}

// Sessions are the sessions of one connection. It serves the protocol's methods
// about agents.
type Sessions struct {
	lifetime context.Context // of the connection: turns that nobody waits for
	opts     SessionsOptions
	opening  chan struct{} // holds a token while no session is being made

	mu     sync.Mutex
	byID   map[string]*session
	own    *session // the connection's own, made at first use
	closed bool
}

// NewSessions makes an empty set. Turns that nobody waits for end with lifetime.
func NewSessions(lifetime context.Context, opts SessionsOptions) *Sessions {
	opening := make(chan struct{}, 1)
	opening <- struct{}{}
	return &Sessions{lifetime: lifetime, opts: opts, byID: map[string]*session{}, opening: opening}
}

// Interrupt serves agent/interrupt: it cancels the running turn of a session,
// not those in line, and does not wait for its end. Delegated tasks go on. An
// empty id means the connection's own session.
func (s *Sessions) Interrupt(_ context.Context, p InterruptParams) (InterruptResult, error) {
	if p.SessionID == "" {
		s.mu.Lock()
		own := s.own
		s.mu.Unlock()
		return InterruptResult{Interrupted: own != nil && own.interrupt()}, nil
	}
	ses, err := s.find(p.SessionID)
	if err != nil {
		return InterruptResult{}, err
	}
	return InterruptResult{Interrupted: ses.interrupt()}, nil
}

// RuntimeInfo serves runtime/info.
func (s *Sessions) RuntimeInfo(ctx context.Context, p SessionParams) (runtime.Info, error) {
	rt, err := s.Runtime(ctx, p.SessionID)
	if err != nil {
		return runtime.Info{}, err
	}
	return rt.Info(), nil
}

// Runtime is the runtime of a session; an empty id means the connection's own,
// which is made if it is not there yet.
func (s *Sessions) Runtime(ctx context.Context, sessionID string) (*runtime.Runtime, error) {
	ses, err := s.get(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	return ses.agent.Runtime(), nil
}

// Close cancels what runs, waits for it and cleans all sessions up, bounded by
// ctx. Nothing can begin afterwards. It may be called again.
func (s *Sessions) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	all := slices.Collect(maps.Values(s.byID))
	s.mu.Unlock()

	errs := make([]error, len(all)+1)
	var wg sync.WaitGroup
	for i, ses := range all {
		wg.Go(func() { errs[i] = ses.close(ctx) })
	}
	wg.Wait()
	select { // a session that is being made is cleaned up by who makes it
	case <-s.opening:
		s.opening <- struct{}{}
	case <-ctx.Done():
		errs[len(all)] = fmt.Errorf("a session is still being made: %w", context.Cause(ctx))
	}
	return errors.Join(errs...)
}

func (s *Sessions) find(id string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ses := s.byID[id]
	if ses == nil {
		return nil, fmt.Errorf("%w: %q", ErrSessionNotFound, id)
	}
	return ses, nil
}

func (s *Sessions) get(ctx context.Context, id string) (*session, error) {
	if id != "" {
		return s.find(id)
	}
	// One at a time, and without s.mu: making a session may take long.
	select {
	case <-s.opening:
		defer func() { s.opening <- struct{}{} }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	s.mu.Lock()
	own, closed := s.own, s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return nil, errClosing()
	case own != nil:
		return own, nil
	}
	return s.open(ctx)
}

// open makes a session. The caller holds the opening token.
func (s *Sessions) open(ctx context.Context) (*session, error) {
	id := newID("s")
	agent, err := s.opts.New(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.own = newSession(id, agent)
		s.byID[id] = s.own
		return s.own, nil
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return nil, errors.Join(errClosing(), agent.Close(closing))
}

func errClosing() error { return fmt.Errorf("%w: the server is shutting down", context.Canceled) }
