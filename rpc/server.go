package rpc

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"
)

// Bounds of the end of a connection.
const (
	// shutdownTimeout bounds the end of what runs: cancelled handlers, and
	// Options.Close.
	shutdownTimeout = 3500 * time.Millisecond

	// flushTimeout bounds the wait for a client that does not read the last
	// messages.
	flushTimeout = time.Second
)

// Exit codes of Serve.
const (
	ExitOK       = 0 // exit or end of input after shutdown; end of a script
	ExitAbrupt   = 1 // exit or end of input without shutdown, a dead parent, an output closed or not read
	ExitProtocol = 2 // input whose framing is broken
)

// Options make a Server. The zero value serves.
type Options struct {
	Version         string      // of the program
	MaxMessageBytes int64       // 0 is DefaultMaxMessageBytes
	Logger          *zap.Logger // nil logs nothing

	// StallTimeout ends the connection when one write, of 64 KiB or one larger
	// message, has waited for the client for so long; 0 waits for ever.
	StallTimeout time.Duration

	// Initialize sets the domain up for a client that sent initialize; an error
	// refuses the connection, and the client may try again. It is called on the
	// read loop, so that cancels wait for it: it must be quick. Script mode may
	// do without initialize. Nil sets nothing up.
	Initialize func(ctx context.Context, p InitializeParams) (Setup, error)

	// Close ends what the domain runs besides requests, as tasks and turns that
	// nobody waits for, bounded by ctx. It is called once, by shutdown or by the
	// end of the connection, while events still reach the client. Nil ends
	// nothing.
	Close func(ctx context.Context) error

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
	opts   Options
	log    *zap.Logger
	peer   *Peer
	routes map[string]route // by method
}

// NewServer makes a server that has no services yet.
func NewServer(opts Options) *Server {
	log := opts.Logger
	if log == nil {
		log = zap.NewNop()
	}
	return &Server{opts: opts, log: log, peer: &Peer{log: log}, routes: map[string]route{}}
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
				s.routes[e.name] = route{serve: h, looks: e.looks, now: e.now, first: e.first}
				used = true
			}
		}
		if !used {
			panic(fmt.Sprintf("rpc: no method is served by a %T", service))
		}
	}
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
	box := newOutbox(out, s.opts.StallTimeout, s.log)
	ses := &session{
		Server:    s,
		stream:    newStream(in, box, s.opts.maxBytes(), s.log),
		initShape: shapeOf(reflect.TypeFor[InitializeParams](), map[reflect.Type]*shape{}),
		exited:    make(chan struct{}),
		orphan:    make(chan struct{}),
		closed:    make(chan struct{}),
		life:      life,
	}
	ses.dispatcher = newDispatcher(life, ses.stream, ses, s.log)
	conn := jsonrpc2.NewConn(life, ses.stream, ses.dispatcher, jsonrpc2.SetLogger(quiet{s.log}))
	s.peer.attach(conn, box, life)
	close(ses.stream.start)

	cause := ses.run(ctx, conn, box)
	return ses.finish(cancel, conn, box, cause)
}
