package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
)

// Caps of what one client can make.
const (
	maxSteps   = 10_000
	maxWaiting = 16 // turns that queue for one session
	maxOpen    = 256
	maxDirty   = 1000 // paths
)

// closeTimeout bounds the clean-up of a session that was made after Close.
const closeTimeout = 10 * time.Second

// Options connect a Manager to the rest of the program.
type Options struct {
	// New makes the agent of a session: its workspace, runtime and tools.
	New func(ctx context.Context, spec Spec) (*agent.Agent, error)

	// Store keeps the sessions; nil keeps none. Then the user gets NoStore, if it
	// is set, as the reason.
	Store   *journal.Store
	NoStore error

	// PathOfURI and URIOfPath translate the roots of workspaces; PathOfURI also
	// translates the files of a prompt's context.
	PathOfURI func(uri string) (string, error)
	URIOfPath func(path string) string

	// Undo is the undo of the agents that New makes; nil for none.
	Undo *snapshot.Undo

	// Broker is the broker of the agents that New makes; nil has no open
	// questions.
	Broker *approval.Broker

	// Ready returns why no turn can begin, such as a missing key; a nil Ready is
	// always ready.
	Ready func() error

	// Describe gives an error its shape on the wire.
	Describe func(error) *event.ErrorDetail
}

// Manager holds the sessions of one connection. It serves the protocol's methods
// for agents and sessions.
type Manager struct {
	lifetime context.Context // of the connection; bounds turns that no request waits for
	opts     Options
	opening  chan struct{}     // holds a token unless a session is being made
	waiting  agent.QueuedBytes // of all sessions

	mu     sync.Mutex
	byID   map[string]*session
	reader openReader // the last closed session that was read
	own    *session   // the connection's own, made at first use
	closed bool
}

// NewManager makes a Manager without sessions. Turns that no request waits for
// end with lifetime.
func NewManager(lifetime context.Context, opts Options) *Manager {
	if opts.Broker == nil {
		opts.Broker = &approval.Broker{}
	}
	opening := make(chan struct{}, 1)
	opening <- struct{}{}
	return &Manager{lifetime: lifetime, opts: opts, byID: map[string]*session{}, opening: opening}
}

// Interrupt cancels the running turn of a session, not the queued ones, and does
// not wait for its end. An empty sessionID means the connection's own session; id
// is "" when that does not exist yet.
func (s *Manager) Interrupt(sessionID string) (id string, interrupted bool, err error) {
	s.mu.Lock()
	ses := s.own
	s.mu.Unlock()
	if sessionID != "" {
		if ses, err = s.find(sessionID); err != nil {
			return "", false, err
		}
	}
	if ses == nil {
		return "", false, nil
	}
	return ses.id, ses.interrupt(), nil
}

// RuntimeInfo serves runtime/info.
func (s *Manager) RuntimeInfo(ctx context.Context, p SessionParams) (runtime.Info, error) {
	at, err := s.Place(ctx, p.SessionID)
	if err != nil {
		return runtime.Info{}, err
	}
	return at.Runtime.Info(), nil
}

// Place is the workspace and runtime of a session.
type Place struct {
	SessionID string
	Runtime   *runtime.Runtime
}

// Place finds an open session. An empty id means the connection's own, which is
// made at first use.
func (s *Manager) Place(ctx context.Context, sessionID string) (Place, error) {
	ses, err := s.get(ctx, sessionID)
	if err != nil {
		return Place{}, err
	}
	return Place{ses.id, ses.agent.Runtime()}, nil
}

// Permissions returns what the agent of a session may do without asking; an empty
// id means the connection's own session. For a session that does not exist or cannot
// be read it returns ModeAsk alone.
func (s *Manager) Permissions(sessionID string) approval.Permissions {
	ses := s.opened(sessionID)
	if ses == nil || ses.agent.Restore() != nil { // settings of a resumed session are in its journal
		return approval.Permissions{Mode: event.ModeAsk}
	}
	return ses.agent.Permissions()
}

// Tools returns the names of the tools that the model of a session can call now;
// an empty id means the connection's own session. ok is false for a session that
// is not open. A session that cannot be read has no tools.
func (s *Manager) Tools(sessionID string) (names []string, ok bool) {
	ses := s.opened(sessionID)
	switch {
	case ses == nil:
		return nil, false
	case ses.agent.Restore() != nil: // which tools are disabled is unknown
		return nil, true
	}
	_, registry := ses.agent.InForce()
	return registry.Names(), true
}

// Notice sends the user a text when the next turn of an open session begins.
func (s *Manager) Notice(sessionID, text string) {
	if ses := s.opened(sessionID); ses != nil {
		ses.agent.Notice(text)
	}
}

// Kept reports whether sessions are kept.
func (s *Manager) Kept() bool { return s.opts.Store != nil }

// Ready returns why no turn can begin, nil when one can.
func (s *Manager) Ready() error {
	if s.opts.Ready == nil {
		return nil
	}
	return s.opts.Ready()
}

// opened returns an open session, nil when there is none.
func (s *Manager) opened(sessionID string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sessionID == "" {
		return s.own
	}
	return s.byID[sessionID]
}

// Close cancels what runs, waits for it and cleans up all sessions, bounded by
// ctx. Nothing can begin afterwards. It may be called again.
func (s *Manager) Close(ctx context.Context) error {
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
	select { // its maker cleans up a session that is being made
	case <-s.opening:
		s.opening <- struct{}{}
	case <-ctx.Done():
		errs[len(all)] = fmt.Errorf("a session is still being made: %w", context.Cause(ctx))
	}
	return errors.Join(errs...)
}

func (s *Manager) find(id string) (*session, error) {
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

func (s *Manager) get(ctx context.Context, id string) (*session, error) {
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
	ses, err := s.open(ctx, Spec{SessionID: event.NewID("s")}, nil)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = ses
	return ses, nil
}

// lock lets one session be made at a time. It does not use s.mu, because that may
// take long.
func (s *Manager) lock(ctx context.Context) error {
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
		return fmt.Errorf("%w: %d sessions are open; close one", agent.ErrBusy, maxOpen)
	}
	return nil
}

func (s *Manager) unlock() { s.opening <- struct{}{} }

// open makes a session, or continues that of j, which it then owns. The caller
// holds the lock.
func (s *Manager) open(ctx context.Context, spec Spec, j *journal.Journal) (*session, error) {
	agent, err := s.opts.New(ctx, spec)
	if err != nil {
		err = fmt.Errorf("open session: %w", err)
		if j != nil {
			err = errors.Join(err, j.Close())
		}
		return nil, err
	}
	if j != nil {
		agent.Attach(j)
	} else {
		_ = keep(agent, s.opts.Store, s.opts.NoStore, header(agent)) // a failure becomes a notice of the agent
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

// forget removes a closed session from the Manager.
func (s *Manager) forget(ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, ses.id)
	if s.own == ses {
		s.own = nil
	}
}

func errClosing() error { return fmt.Errorf("%w: the server is shutting down", context.Canceled) }
