package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"
)

// Bounds of the end of a connection.
const (
	// shutdownTimeout bounds the end of Serve: cancelled handlers, then output
	// that the client does not read.
	shutdownTimeout = 5 * time.Second

	// fatalFlush bounds the output after a framing error: whoever sends rubbish
	// need not be waited for.
	fatalFlush = time.Second
)

// Exit codes of Serve.
const (
	ExitOK       = 0 // exit or end of input after shutdown; end of a script
	ExitAbrupt   = 1 // exit or end of input without shutdown, a dead parent, a closed output
	ExitProtocol = 2 // input whose framing is broken
)

// Options make a Server. The zero value serves.
type Options struct {
	Version         string      // of the program
	MaxMessageBytes int64       // 0 is DefaultMaxMessageBytes
	Logger          *zap.Logger // nil logs nothing

	// Initialize sets the domain up for a client that sent initialize; an error
	// refuses the connection, and the client may try again. It is called on the
	// read loop, so that cancels wait for it: it must be quick. Script mode may
	// do without initialize. Nil sets nothing up.
	Initialize func(ctx context.Context, p InitializeParams) (Setup, error)

	table []entry // nil is methods(); tests have their own
}

func (o *Options) maxBytes() int64 {
	if o.MaxMessageBytes > 0 {
		return o.MaxMessageBytes
	}
	return DefaultMaxMessageBytes
}

func (o *Options) methods() []entry {
	if o.table != nil {
		return o.table
	}
	return methods()
}

// Server serves one connection.
type Server struct {
	opts     Options
	log      *zap.Logger
	peer     *Peer
	handlers map[string]handler
}

// NewServer makes a server that has no services yet.
func NewServer(opts Options) *Server {
	log := opts.Logger
	if log == nil {
		log = zap.NewNop()
	}
	return &Server{opts: opts, log: log, peer: &Peer{log: log}, handlers: map[string]handler{}}
}

// Peer is the client of this connection, for the services. Before Serve and
// after it, events go nowhere and questions are denied.
func (s *Server) Peer() *Peer { return s.peer }

// Provide adds the services that serve the method table's methods. Methods of
// a service that is not provided do not exist. It is called before Serve, and
// panics at a service that serves nothing.
func (s *Server) Provide(services ...any) {
	for _, service := range services {
		used := false
		for _, e := range s.opts.methods() {
			if e.bind == nil {
				continue
			}
			if h, ok := e.bind(service); ok {
				s.handlers[e.name] = h
				used = true
			}
		}
		if !used {
			panic(fmt.Sprintf("rpc: no method is served by a %T", service))
		}
	}
}

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

	mu          sync.Mutex
	phase       phase
	initialized bool // by the method, also in script mode
	exit        bool
}

// Serve speaks the protocol on in and out until the client is gone: exit, the
// end of input, a framing error, the death of the client's process, an output
// that nobody reads, or the end of ctx. It cancels all requests then, but at
// the end of a script, where it lets them finish. It returns when all handlers
// have returned and the output is written, after 5 seconds at the latest. It
// is called once.
//
// The error says what else was wrong: a framing error, handlers that did not
// end, output that was not read, context.Cause(ctx).
//
// Serve closes neither in nor out. The read in progress cannot be interrupted,
// so its goroutine ends only when the read returns; a caller that does not end
// the process afterwards closes in.
//
// A program must ignore SIGPIPE when out is its stdout, or a client that
// closes the pipe kills it.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) (exitCode int, err error) {
	life, cancel := context.WithCancelCause(ctx)
	box := newOutbox(out, s.log)
	ses := &session{
		Server:    s,
		stream:    newStream(in, box, s.opts.maxBytes(), s.log),
		initShape: shapeOf(reflect.TypeFor[InitializeParams](), map[reflect.Type]*shape{}),
		exited:    make(chan struct{}),
		orphan:    make(chan struct{}),
		life:      life,
	}
	ses.dispatcher = newDispatcher(life, ses.stream, ses, s.log)
	conn := jsonrpc2.NewConn(life, ses.stream, ses.dispatcher, jsonrpc2.SetLogger(quiet{s.log}))
	s.peer.attach(conn, box, life)
	close(ses.stream.start)

	cause := ses.run(ctx, conn, box)
	return ses.finish(cancel, conn, box, cause)
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

	var errs []error
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-s.dispatcher.idle():
	case <-timer.C:
		for _, r := range s.dispatcher.snapshot() {
			errs = append(errs, fmt.Errorf("%s did not end", r.method))
		}
	}
	s.peer.detach()
	s.watches.Wait()
	var fe *frameError
	flush := max(time.Until(deadline), fatalFlush)
	if errors.As(cause, &fe) {
		flush = fatalFlush
		errs = append(errs, cause)
	}
	if err := box.close(flush); err != nil {
		errs = append(errs, err)
	}
	return s.exitCode(cause), errors.Join(errs...)
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
func (s *session) request(method string) (h handler, inline bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseNew && mode(s.stream.mode.Load()) == modeLines {
		s.phase = phaseReady
	}
	switch {
	case s.phase == phaseDown:
		return nil, false, fmt.Errorf("%w: the server is shut down, send exit", errInvalidRequest)
	case method == MethodInitialize && s.initialized:
		return nil, false, fmt.Errorf("%w: the server is initialized already", errInvalidRequest)
	case method == MethodInitialize:
		return s.initialize, true, nil
	case s.phase == phaseNew:
		return nil, false, errNotInitialized
	case method == MethodShutdown:
		s.phase = phaseDown
		return s.shutdown, len(s.dispatcher.snapshot()) == 0, nil
	}
	if h := s.handlers[method]; h != nil {
		return h, false, nil
	}
	for _, e := range s.opts.methods() {
		if e.name == method && e.kind == kindNotice {
			return nil, false, fmt.Errorf("%w: %s is a notification, send it without an id", errInvalidRequest, method)
		}
	}
	return nil, false, fmt.Errorf("%w: %.200q", errMethodNotFound, method)
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
