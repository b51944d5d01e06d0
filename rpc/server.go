package rpc

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/tools/strictjson"
	"go.uber.org/zap"
)

// Timeouts at the end of a connection.
const (
	// shutdownTimeout bounds the wait for cancelled handlers and Options.Close.
	shutdownTimeout = 3500 * time.Millisecond

	// flushTimeout bounds the wait for a client that does not read the last
	// messages.
	flushTimeout = time.Second
)

// Exit codes of Serve.
const (
	ExitOK       = 0 // exit or end of input after shutdown; end of a script
	ExitAbrupt   = 1 // exit or end of input without shutdown, a dead parent, output closed or not read
	ExitProtocol = 2 // broken framing in the input
)

// Options configure a Server. The zero value is usable.
type Options struct {
	Version         string      // of the program
	MaxMessageBytes int64       // 0 means wire.DefaultMaxMessageBytes
	Logger          *zap.Logger // nil disables logging

	// StallTimeout ends the connection when one write (64 KiB or one larger message)
	// has waited this long for the client; 0 means for ever.
	StallTimeout time.Duration

	// Initialize sets up the domain when the client sends initialize. An error refuses
	// the connection, and the client may try again. It must be quick, because it runs
	// on the read loop and delays cancels. In script mode it may never be called. It
	// may be nil.
	Initialize func(ctx context.Context, p InitializeParams) (Setup, error)

	// Close ends the domain's work that runs besides requests, such as tasks and turns
	// without a waiting request. ctx bounds it. It is called once, by shutdown or at
	// the end of the connection, while events still reach the client. It may be nil.
	Close func(ctx context.Context) error

	table []entry // nil means methods(); tests set their own
}

func (o *Options) maxBytes() int64 {
	if o.MaxMessageBytes > 0 {
		return o.MaxMessageBytes
	}
	return wire.DefaultMaxMessageBytes
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
	routes map[string]wire.Route // by method
}

// NewServer makes a server without services; Provide adds them.
func NewServer(opts Options) *Server {
	log := opts.Logger
	if log == nil {
		log = zap.NewNop()
	}
	return &Server{opts: opts, log: log, peer: &Peer{log: log}, routes: map[string]wire.Route{}}
}

// Peer returns the client of this connection, for the services. Before and after Serve
// it drops events and denies requests.
func (s *Server) Peer() *Peer { return s.peer }

// Provide adds the services that serve the methods of the table. The methods of a
// missing service are answered "method not found". Call it before Serve. It panics if a
// service serves no method.
func (s *Server) Provide(services ...any) {
	for _, service := range services {
		used := false
		for _, e := range s.opts.methods() {
			if e.bind == nil {
				continue
			}
			if h, ok := e.bind(service); ok {
				s.routes[e.name] = wire.Route{Serve: h, Schedule: e.schedule}
				used = true
			}
		}
		if !used {
			panic(fmt.Sprintf("rpc: no method is served by a %T", service))
		}
	}
}

// Serve speaks the protocol on in and out until one of these: exit, the end of input, a
// framing error, the death of the client's process, unread output, the end of ctx. Then
// it cancels all requests; at the end of a script it lets them finish first. It returns
// when all handlers have returned and the output is written, but at most 5 seconds
// after the end. Call it once.
//
// The error joins everything else that went wrong: a framing error, handlers that did
// not end, the error of Options.Close, output that was not read.
//
// Serve closes neither in nor out. It cannot interrupt the read in progress, so the
// reading goroutine ends when the read returns. A caller that does not end the process
// closes in.
//
// A program must ignore SIGPIPE when out is its stdout; else a client that closes the
// pipe kills it.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) (exitCode int, err error) {
	life, cancel := context.WithCancelCause(ctx)
	ses := &connection{
		Server:     s,
		initShape:  strictjson.ShapeOf(reflect.TypeFor[InitializeParams]()),
		exited:     make(chan struct{}),
		parentDied: make(chan struct{}),
		closed:     make(chan struct{}),
		life:       life,
	}
	ses.conn = wire.New(life, wire.Options{
		In: in, Out: out, Router: ses, Describe: describe, CancelMethod: methodCancel,
		MaxMessageBytes: s.opts.maxBytes(), StallTimeout: s.opts.StallTimeout, Logger: s.log,
	})
	s.peer.attach(ses.conn)
	ses.conn.Start()

	cause := ses.run(ctx)
	return ses.finish(cancel, cause)
}
