package agent

import (
	"context"
	"errors"
	"fmt"
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

// SessionsOptions wire Sessions to the rest of the program.
type SessionsOptions struct {
	// New makes the agent of a new session with the given id: its workspace,
	// runtime and tools.
	New func(ctx context.Context, sessionID string) (*Agent, error)

	// Ready says why no turn can begin, as a missing key; nil is always ready.
	Ready func() error

	// Describe gives an error its shape on the wire.
	Describe func(error) *ErrorDetail

	MaxSteps int // of a turn that does not say; 0 is DefaultMaxSteps
}

// Sessions are the sessions of one connection. It serves the protocol's methods
// about agents.
type Sessions struct {
	lifetime context.Context // of the connection: turns that nobody waits for
	opts     SessionsOptions
	running  sync.WaitGroup // turns that nobody waits for

	mu      sync.Mutex
	byID    map[string]*session
	own     *session // the connection's own, made at first use
	opening chan struct{}
	closed  bool
}

// session is an agent that does one turn at a time.
type session struct {
	id    string
	agent *Agent
	turn  chan struct{} // holds a token while no turn runs

	mu      sync.Mutex
	waiting int
	turnID  string
	cancel  context.CancelFunc // of the running turn
	closing bool
}

// NewSessions makes an empty set. Turns that nobody waits for end with lifetime.
func NewSessions(lifetime context.Context, opts SessionsOptions) *Sessions {
	opening := make(chan struct{}, 1)
	opening <- struct{}{}
	return &Sessions{lifetime: lifetime, opts: opts, byID: map[string]*session{}, opening: opening}
}

// Step serves agent/step: it runs one turn in a session and answers with its
// outcome. A turn that fails, also for its model, is a result with status
// failed; an error means that no turn began.
func (s *Sessions) Step(ctx context.Context, p StepParams) (StepResult, error) {
	if err := p.validate(); err != nil {
		return StepResult{}, err
	}
	if s.opts.Ready != nil {
		if err := s.opts.Ready(); err != nil {
			return StepResult{}, err
		}
	}
	ses, err := s.get(ctx, p.SessionID)
	if err != nil {
		return StepResult{}, err
	}
	prompt, err := p.message(ses.agent.Runtime())
	if err != nil {
		return StepResult{}, err
	}
	if err := ses.acquire(ctx, p.IfBusy == ifBusyQueue); err != nil {
		return StepResult{}, err
	}
	if p.Wait == nil || *p.Wait {
		return s.turn(ctx, ses, prompt, p), nil
	}
	id := newID("t")
	s.running.Go(func() { s.turnWithID(s.lifetime, ses, id, prompt, p) })
	return StepResult{SessionID: ses.id, TurnID: id, Status: StatusAccepted, Changes: []runtime.Change{}}, nil
}

func (s *Sessions) turn(ctx context.Context, ses *session, prompt string, p StepParams) StepResult {
	return s.turnWithID(ctx, ses, newID("t"), prompt, p)
}

// turnWithID runs a turn on a session that the caller has acquired, and
// releases it.
func (s *Sessions) turnWithID(ctx context.Context, ses *session, id, prompt string, p StepParams) StepResult {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ses.begin(id, cancel)
	defer ses.release()

	bounds := Turn{ID: id, MaxSteps: p.MaxSteps}
	if bounds.MaxSteps == 0 {
		bounds.MaxSteps = s.opts.MaxSteps
	}
	if l := p.Limits; l != nil {
		bounds.Timeout = time.Duration(l.TimeoutSeconds * float64(time.Second))
		bounds.Tokens, bounds.CostUSD = l.Tokens, l.CostUSD
	}
	out := ses.agent.Run(ctx, prompt, bounds)
	res := StepResult{
		SessionID: ses.id,
		TurnID:    id,
		Status:    out.Status,
		Text:      out.Text,
		Steps:     out.Steps,
		Changes:   out.Changes,
		Usage:     out.Usage,
		Question:  out.Question,
	}
	if out.Err != nil && s.opts.Describe != nil {
		res.Error = s.opts.Describe(out.Err)
	}
	return res
}

// Interrupt serves agent/interrupt: it cancels the running turn of a session and
// does not wait for its end. Delegated tasks go on.
func (s *Sessions) Interrupt(_ context.Context, p InterruptParams) (InterruptResult, error) {
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
// ctx. Nothing can begin afterwards.
func (s *Sessions) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	all := make([]*session, 0, len(s.byID))
	for _, ses := range s.byID {
		all = append(all, ses)
	}
	s.mu.Unlock()

	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, ses := range all {
		wg.Go(func() { errs[i] = ses.close(ctx) })
	}
	wg.Wait()
	s.running.Wait() // released sessions: their turns have ended
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
	if own != nil || closed {
		return own, closedError(closed)
	}
	ses, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = ses
	return ses, nil
}

func (s *Sessions) open(ctx context.Context) (*session, error) {
	id := newID("s")
	agent, err := s.opts.New(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	ses := &session{id: id, agent: agent, turn: make(chan struct{}, 1)}
	ses.turn <- struct{}{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(closedError(true), agent.Close(context.WithoutCancel(ctx)))
	}
	s.byID[id] = ses
	return ses, nil
}

func closedError(closed bool) error {
	if closed {
		return fmt.Errorf("%w: the server is shutting down", context.Canceled)
	}
	return nil
}
