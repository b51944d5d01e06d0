package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/tools/strictjson"
	"go.uber.org/zap"
)

// phase is the state of a connection.
//
//	new ──initialize──▶ ready ──shutdown──▶ down
//	(script mode starts at ready)
type phase int

const (
	phaseNew phase = iota
	phaseReady
	phaseDown
)

// connection is one run of Serve.
type connection struct {
	*Server
	conn      *wire.Conn
	initShape *strictjson.Shape

	exited     chan struct{} // closed by exit
	parentDied chan struct{} // closed when the client's process has died
	watches    sync.WaitGroup
	life       context.Context

	closing sync.Once
	closed  chan struct{} // closed when Options.Close has returned

	mu          sync.Mutex
	closeErr    error // of Options.Close
	phase       phase
	initialized bool // true after the method initialize, also in script mode
	exit        bool
}

// run waits for the end of the connection and returns its cause.
func (s *connection) run(ctx context.Context) error {
	eof := s.conn.Ended()
	var finished <-chan struct{}
	for {
		select {
		case <-s.exited:
			return errExit
		case <-s.conn.Dead():
			return errors.New("the output is closed")
		case <-s.conn.Stalled():
			return fmt.Errorf("the client has not read for %v", s.opts.StallTimeout)
		case <-s.parentDied:
			return errors.New("the client's process has died")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-finished:
			return io.EOF
		case <-eof:
			err := s.conn.Err()
			if err == nil { // the connection ends because ctx has ended
				<-ctx.Done()
				return context.Cause(ctx)
			}
			if !errors.Is(err, io.EOF) || s.conn.Framing() != wire.FramingLines {
				return err
			}
			// A script ends when its last request has ended.
			eof = nil
			s.conn.StopRequests()
			finished = s.conn.Idle()
		}
	}
}

var errExit = errors.New("exit")

// finish cancels and awaits the connection's requests, closes the domain and flushes
// the output.
func (s *connection) finish(cancel context.CancelCauseFunc, cause error) (int, error) {
	deadline := time.Now().Add(shutdownTimeout)
	s.log.Info("connection ends", zap.NamedError("cause", cause))
	s.conn.StopRequests()
	cancel(context.Canceled)
	s.conn.Close()

	errs := s.ended(deadline)
	s.peer.detach()
	s.watches.Wait()
	var fe *wire.FrameError
	if errors.As(cause, &fe) {
		errs = append(errs, cause)
	}
	if err := s.conn.Flush(flushTimeout); err != nil {
		errs = append(errs, err)
	}
	return s.exitCode(cause), errors.Join(errs...)
}

// ended waits until the requests and the domain have ended. Its errors name what still
// runs at the deadline.
func (s *connection) ended(deadline time.Time) (errs []error) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	go s.closeDomain(ctx) // awaited below; if it ignores ctx, it ends with the process
	select {
	case <-s.conn.Idle():
	case <-ctx.Done():
		for _, r := range s.conn.Running() {
			errs = append(errs, fmt.Errorf("%s did not end", r.Method))
		}
	}
	select {
	case <-s.closed:
		s.mu.Lock()
		defer s.mu.Unlock()
		return append(errs, s.closeErr)
	case <-ctx.Done():
		return append(errs, errors.New("the tasks and turns did not end"))
	}
}

// closeDomain calls Options.Close, once.
func (s *connection) closeDomain(ctx context.Context) {
	s.closing.Do(func() {
		defer close(s.closed)
		if s.opts.Close == nil {
			return
		}
		err := s.opts.Close(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.closeErr = err
	})
}

func (s *connection) exitCode(cause error) int {
	var fe *wire.FrameError
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.As(cause, &fe):
		return ExitProtocol
	case s.phase == phaseDown:
		return ExitOK
	case errors.Is(cause, io.EOF) && !s.exit && s.conn.Framing() != wire.FramingHeaders:
		return ExitOK // the end of a script, or empty input
	default:
		return ExitAbrupt
	}
}

func (s *connection) setPhase(p phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = p
	s.initialized = true
}

// Request implements Router.
func (s *connection) Request(method string) (wire.Route, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseNew && s.conn.Framing() == wire.FramingLines {
		s.phase = phaseReady
	}
	switch {
	case s.phase == phaseDown:
		return wire.Route{}, fmt.Errorf("%w: the server is shut down, send exit", wire.ErrInvalidRequest)
	case method == MethodInitialize && s.initialized:
		return wire.Route{}, fmt.Errorf("%w: the server is initialized already", wire.ErrInvalidRequest)
	case method == MethodInitialize:
		return wire.Route{Serve: s.initialize, Schedule: wire.Schedule{Inline: true}}, nil
	case s.phase == phaseNew:
		return wire.Route{}, errNotInitialized
	case method == MethodShutdown:
		s.phase = phaseDown
		return wire.Route{Serve: s.shutdown, Schedule: wire.Schedule{Inline: len(s.conn.Running()) == 0}}, nil
	}
	if r, ok := s.routes[method]; ok {
		return r, nil
	}
	for _, e := range s.opts.methods() {
		if e.name == method && e.kind == kindNotice {
			return wire.Route{}, fmt.Errorf("%w: %s is a notification, send it without an id", wire.ErrInvalidRequest, method)
		}
	}
	return wire.Route{}, fmt.Errorf("%w: %.200q", errMethodNotFound, method)
}

// Notification implements Router. Only exit has an effect, in every phase.
func (s *connection) Notification(method string, _ json.RawMessage) {
	if method != MethodExit {
		s.log.Debug("notification", zap.String("method", method))
		return
	}
	s.mu.Lock()
	again := s.exit
	s.exit = true
	s.mu.Unlock()
	if !again {
		s.conn.StopRequests()
		close(s.exited)
	}
}

// watch ends Serve soon after the process has died.
func (s *connection) watch(pid int) {
	s.watches.Go(func() {
		if waitParent(s.life, pid) {
			s.log.Info("the client's process has died", zap.Int("pid", pid))
			close(s.parentDied)
		}
	})
}
