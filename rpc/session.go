package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"
)

// phase is where a connection is in its life.
//
//	new ──initialize──▶ ready ──shutdown──▶ down
//	(script mode begins at ready)
type phase int

const (
	phaseNew phase = iota
	phaseReady
	phaseDown
)

// session is one run of Serve.
type session struct {
	*Server
	stream     *stream
	dispatcher *dispatcher
	initShape  *shape

	exited  chan struct{} // closed by exit
	orphan  chan struct{} // closed when the client's process has died
	watches sync.WaitGroup
	life    context.Context

	closing sync.Once
	closed  chan struct{} // closed when Options.Close has returned

	mu          sync.Mutex
	closeErr    error // of Options.Close
	phase       phase
	initialized bool // by the method, also in script mode
	exit        bool
}

// run waits for the end of the connection and says what it was.
func (s *session) run(ctx context.Context, conn *jsonrpc2.Conn, box *outbox) error {
	eof := conn.DisconnectNotify()
	var finished <-chan struct{}
	for {
		select {
		case <-s.exited:
			return errExit
		case <-box.dead:
			return errors.New("the output is closed")
		case <-box.stalled:
			return fmt.Errorf("the client has not read for %v", box.stall)
		case <-s.orphan:
			return errors.New("the client's process has died")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-finished:
			return io.EOF
		case <-eof:
			end := s.stream.end.Load()
			if end == nil { // the connection closed with ctx
				<-ctx.Done()
				return context.Cause(ctx)
			}
			if !errors.Is(end.err, io.EOF) || mode(s.stream.mode.Load()) != modeLines {
				return end.err
			}
			// A script is done when its requests are.
			eof = nil
			s.dispatcher.close()
			finished = s.dispatcher.idle()
		}
	}
}

var errExit = errors.New("exit")

// finish ends everything that the connection began.
func (s *session) finish(cancel context.CancelCauseFunc, conn *jsonrpc2.Conn, box *outbox, cause error) (int, error) {
	deadline := time.Now().Add(shutdownTimeout)
	s.log.Info("connection ends", zap.NamedError("cause", cause))
	s.dispatcher.close()
	cancel(context.Canceled)
	_ = conn.Close() // closed already, or closes now
	box.drain()

	errs := s.ended(deadline)
	s.peer.detach()
	s.watches.Wait()
	var fe *frameError
	if errors.As(cause, &fe) {
		errs = append(errs, cause)
	}
	if err := box.close(flushTimeout); err != nil {
		errs = append(errs, err)
	}
	return s.exitCode(cause), errors.Join(errs...)
}

// ended waits until nothing runs any more, and says what still does.
func (s *session) ended(deadline time.Time) (errs []error) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	go s.closeDomain(ctx) // waited for below; one that ignores ctx ends with the process
	select {
	case <-s.dispatcher.idle():
	case <-ctx.Done():
		for _, r := range s.dispatcher.snapshot() {
			errs = append(errs, fmt.Errorf("%s did not end", r.method))
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

// closeDomain ends what runs besides requests. It may be called again and then
// does nothing.
func (s *session) closeDomain(ctx context.Context) {
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

func (s *session) exitCode(cause error) int {
	var fe *frameError
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.As(cause, &fe):
		return ExitProtocol
	case s.phase == phaseDown:
		return ExitOK
	case errors.Is(cause, io.EOF) && !s.exit && mode(s.stream.mode.Load()) != modeHeaders:
		return ExitOK // a script's end, or no input at all
	default:
		return ExitAbrupt
	}
}

func (s *session) setPhase(p phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phase = p
	s.initialized = true
}

// request implements router.
func (s *session) request(method string) (route, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseNew && mode(s.stream.mode.Load()) == modeLines {
		s.phase = phaseReady
	}
	switch {
	case s.phase == phaseDown:
		return route{}, fmt.Errorf("%w: the server is shut down, send exit", errInvalidRequest)
	case method == MethodInitialize && s.initialized:
		return route{}, fmt.Errorf("%w: the server is initialized already", errInvalidRequest)
	case method == MethodInitialize:
		return route{serve: s.initialize, inline: true}, nil
	case s.phase == phaseNew:
		return route{}, errNotInitialized
	case method == MethodShutdown:
		s.phase = phaseDown
		return route{serve: s.shutdown, inline: len(s.dispatcher.snapshot()) == 0}, nil
	}
	if r, ok := s.routes[method]; ok {
		return r, nil
	}
	for _, e := range s.opts.methods() {
		if e.name == method && e.kind == kindNotice {
			return route{}, fmt.Errorf("%w: %s is a notification, send it without an id", errInvalidRequest, method)
		}
	}
	return route{}, fmt.Errorf("%w: %.200q", errMethodNotFound, method)
}

// notification implements router. Unknown ones are ignored, as are those before
// initialize and after shutdown; all but exit are without effect anyhow.
func (s *session) notification(method string, _ json.RawMessage) {
	if method != MethodExit {
		s.log.Debug("notification", zap.String("method", method))
		return
	}
	s.mu.Lock()
	again := s.exit
	s.exit = true
	s.mu.Unlock()
	if !again {
		s.dispatcher.close()
		close(s.exited)
	}
}

// watch makes Serve end soon after the process has died.
func (s *session) watch(pid int) {
	s.watches.Go(func() {
		if waitParent(s.life, pid) {
			s.log.Info("the client's process has died", zap.Int("pid", pid))
			close(s.orphan)
		}
	})
}

// quiet takes jsonrpc2's own log lines.
type quiet struct{ log *zap.Logger }

// Printf implements jsonrpc2.Logger.
func (q quiet) Printf(format string, args ...any) { q.log.Debug(fmt.Sprintf(format, args...)) }
