package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// Caps of what a client can pile up.
const (
	maxPrompt  = 8 << 20 // bytes of a prompt with its context
	maxSteps   = 10_000
	maxWaiting = 16 // turns that queue for one session
	maxOpen    = 256
	maxDirty   = 1000 // paths
)

// closeTimeout bounds the clean-up of a session that came too late.
const closeTimeout = 10 * time.Second

// SessionsOptions wire Sessions to the rest of the program.
type SessionsOptions struct {
	// New makes the agent of a session: its workspace, runtime and tools.
	New func(ctx context.Context, spec Spec) (*Agent, error)

	// Store keeps the sessions; nil keeps none, and NoStore, if it is set, is told
	// to the user as the reason.
	Store   *journal.Store
	NoStore error

	// PathOfURI and URIOfPath translate the roots of workspaces, and the former
	// the files of a prompt's context.
	PathOfURI func(uri string) (string, error)
	URIOfPath func(path string) string

	// Undo is that of the agents which New makes. Nil: there is none.
	Undo *Undo

	// Tasks are those that sessions delegate.
	Tasks TaskHooks

	// Broker is that of the agents which New makes; nil has nothing pending.
	Broker *Broker

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
	waiting  waitingRoom   // of all sessions

	mu     sync.Mutex
	byID   map[string]*session
	reader openReader // the closed session that was read last
	own    *session   // the connection's own, made at first use
	closed bool
}

// NewSessions makes an empty set. Turns that nobody waits for end with lifetime.
func NewSessions(lifetime context.Context, opts SessionsOptions) *Sessions {
	if opts.Broker == nil {
		opts.Broker = &Broker{}
	}
	opening := make(chan struct{}, 1)
	opening <- struct{}{}
	return &Sessions{lifetime: lifetime, opts: opts, byID: map[string]*session{}, opening: opening}
}

// Interrupt serves agent/interrupt: it cancels the running turn of a session,
// not those in line, and does not wait for its end. Delegated tasks go on unless
// cascade is set; their ends are waited for. An empty id means the connection's
// own session.
func (s *Sessions) Interrupt(ctx context.Context, p InterruptParams) (InterruptResult, error) {
	s.mu.Lock()
	ses := s.own
	s.mu.Unlock()
	if p.SessionID != "" {
		var err error
		if ses, err = s.find(p.SessionID); err != nil {
			return InterruptResult{}, err
		}
	}
	if ses == nil {
		return InterruptResult{}, nil
	}
	res := InterruptResult{Interrupted: ses.interrupt()}
	if !p.Cascade || s.opts.Tasks.Cancel == nil {
		return res, nil
	}
	n, err := s.opts.Tasks.Cancel(ctx, ses.id)
	res.Interrupted = res.Interrupted || n > 0
	return res, err
}

// RuntimeInfo serves runtime/info.
func (s *Sessions) RuntimeInfo(ctx context.Context, p SessionParams) (runtime.Info, error) {
	at, err := s.Place(ctx, p.SessionID)
	if err != nil {
		return runtime.Info{}, err
	}
	return at.Runtime.Info(), nil
}

// Place is where a session works.
type Place struct {
	SessionID string
	Runtime   *runtime.Runtime
}

// Place finds an open session; an empty id means the connection's own, which is
// made if it is not there yet.
func (s *Sessions) Place(ctx context.Context, sessionID string) (Place, error) {
	ses, err := s.get(ctx, sessionID)
	if err != nil {
		return Place{}, err
	}
	return Place{ses.id, ses.agent.Runtime()}, nil
}

// Permissions are what the agent of a session may do unasked; an empty id means
// the connection's own session. Nobody can be asked for one that is not there:
// then the answer is ModeAsk and nothing more.
func (s *Sessions) Permissions(sessionID string) Permissions {
	ses := s.opened(sessionID)
	if ses == nil {
		return Permissions{Mode: ModeAsk}
	}
	return ses.agent.Permissions()
}

// Tools are the names of the tools that the model of a session can call now; an
// empty id means the connection's own session. ok is false for one that is not
// open.
func (s *Sessions) Tools(sessionID string) (names []string, ok bool) {
	ses := s.opened(sessionID)
	if ses == nil {
		return nil, false
	}
	_, registry := ses.agent.inForce()
	return registry.Names(), true
}

// opened is an open session, nil when there is none.
func (s *Sessions) opened(sessionID string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sessionID == "" {
		return s.own
	}
	return s.byID[sessionID]
}

// Close cancels what runs, waits for it and cleans all sessions up, bounded by
// ctx. Nothing can begin afterwards. It may be called again.
func (s *Sessions) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	all := slices.Collect(maps.Values(s.byID))
	s.mu.Unlock()
	s.reader.close()

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
	ses := s.byID[id]
	s.mu.Unlock()
	switch {
	case ses != nil:
		return ses, nil
	case s.opts.Store != nil && s.opts.Store.Exists(id):
		return nil, &NotOpenError{id}
	default:
		return nil, fmt.Errorf("%w: %.200q", ErrSessionNotFound, id)
	}
}

func (s *Sessions) get(ctx context.Context, id string) (*session, error) {
	if id != "" {
		return s.find(id)
	}
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.unlock()
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	if own != nil {
		return own, nil
	}
	ses, err := s.open(ctx, Spec{SessionID: newID("s")}, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = ses
	return ses, nil
}

// lock lets one session be made at a time, without s.mu: it may take long.
func (s *Sessions) lock(ctx context.Context) error {
	select {
	case <-s.opening:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		s.unlock()
		return errClosing()
	case len(s.byID) >= maxOpen:
		s.unlock()
		return fmt.Errorf("%w: %d sessions are open; close one", ErrBusy, maxOpen)
	}
	return nil
}

func (s *Sessions) unlock() { s.opening <- struct{}{} }

// open makes a session, or goes on with that of j, which it takes over. The
// caller holds the lock.
func (s *Sessions) open(ctx context.Context, spec Spec, j *journal.Journal) (*session, error) {
	agent, err := s.opts.New(ctx, spec)
	if err != nil {
		err = fmt.Errorf("open session: %w", err)
		if j != nil {
			err = errors.Join(err, j.Close())
		}
		return nil, err
	}
	if j != nil {
		agent.attach(j)
	} else {
		_ = agent.keep(s.opts.Store, s.opts.NoStore, agent.header()) // the agent says it
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		ses := newSession(spec.SessionID, agent, &s.waiting)
		s.byID[ses.id] = ses
		return ses, nil
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return nil, errors.Join(errClosing(), agent.Close(closing))
}

// forget takes a session that is closed out of the set.
func (s *Sessions) forget(ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, ses.id)
	if s.own == ses {
		s.own = nil
	}
}

func errClosing() error { return fmt.Errorf("%w: the server is shutting down", context.Canceled) }
