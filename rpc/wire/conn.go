package wire

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"
)

// Options configure a connection.
type Options struct {
	In  io.Reader
	Out io.Writer

	Router   Router          // handles incoming messages
	Describe func(error) any // makes the error object of a response

	// CancelMethod is the notification by which either side cancels a request.
	CancelMethod string

	Framing         Framing // FramingUnknown: the first byte of the input decides
	MaxMessageBytes int64   // of one incoming message; 0 is DefaultMaxMessageBytes

	// StallTimeout is how long one write (64 KiB or one larger message) may take
	// before Stalled is closed; 0 means for ever.
	StallTimeout time.Duration

	Logger *zap.Logger // nil disables logging
}

// Conn is one end of a connection. Its methods are safe for concurrent use.
//
// Delivery: notifications, calls and answers are written once, in the order in which
// they were queued. None is dropped while the output accepts data. Deltas may be
// merged (see Delta).
type Conn struct {
	rpc          *jsonrpc2.Conn
	stream       *stream
	out          *outbox
	dispatcher   *dispatcher
	cancelMethod string
	lastID       atomic.Uint64
}

// New makes a connection. Its requests are cancelled when life ends. It reads nothing
// before Start.
func New(life context.Context, o Options) *Conn {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.MaxMessageBytes <= 0 {
		o.MaxMessageBytes = DefaultMaxMessageBytes
	}
	c := &Conn{out: newOutbox(o.Out, o.StallTimeout, o.Logger), cancelMethod: o.CancelMethod}
	c.stream = newStream(o.In, c.out, o.MaxMessageBytes, o.Logger)
	if o.Framing != FramingUnknown {
		c.stream.fix(o.Framing)
	}
	c.dispatcher = newDispatcher(life, c.stream, o)
	c.rpc = jsonrpc2.NewConn(life, c.stream, c.dispatcher, jsonrpc2.SetLogger(quiet{o.Logger}))
	return c
}

// Start begins to read. Call it once.
func (c *Conn) Start() { close(c.stream.start) }

// Framing returns the framing of both directions. It is unknown before the first byte.
func (c *Conn) Framing() Framing { return Framing(c.stream.framing.Load()) }

// Notify queues a notification as soon as there is space; params must not be nil.
// The error is an encoding error, the context's cause or ErrClosed.
func (c *Conn) Notify(ctx context.Context, method string, params any) error {
	return c.out.notify(ctx, method, params)
}

// Delta queues a delta as soon as there is space. If continues accepts the Params of
// the last queued message, the text is appended to that message; else Delta queues
// the message that fresh makes. The errors are those of Notify.
func (c *Conn) Delta(ctx context.Context, text string, continues func(params any) bool, fresh func() Delta) error {
	return c.out.delta(ctx, text, continues, fresh)
}

// Call sends a request. It does not wait for space in the queue: the caller limits
// the number of calls.
func (c *Conn) Call(ctx context.Context, method string, params any) (*Call, error) {
	id := c.lastID.Add(1)
	waiter, err := c.rpc.DispatchCall(ctx, method, params, jsonrpc2.PickID(jsonrpc2.ID{Num: id}))
	if err != nil {
		return nil, callError(err)
	}
	return &Call{conn: c, id: id, waiter: waiter}, nil
}

// StopRequests prevents new requests from starting.
func (c *Conn) StopRequests() { c.dispatcher.close() }

// Running returns the requests in flight.
func (c *Conn) Running() []*Request { return c.dispatcher.snapshot() }

// Idle returns a channel that is closed when all requests and notifications have
// ended. Call it after StopRequests.
func (c *Conn) Idle() <-chan struct{} { return c.dispatcher.idle() }

// Ended returns a channel that is closed when reading has ended.
func (c *Conn) Ended() <-chan struct{} { return c.rpc.DisconnectNotify() }

// Err returns why the input ended: io.EOF, a *FrameError or the input's error. It is
// nil while the connection reads, and when this side closed it.
func (c *Conn) Err() error {
	if end := c.stream.end.Load(); end != nil {
		return end.err
	}
	return nil
}

// Dead returns a channel that is closed when the output has failed.
func (c *Conn) Dead() <-chan struct{} { return c.out.dead }

// Stalled returns a channel that is closed when a write has taken longer than the
// StallTimeout. The connection goes on; its owner may end it.
func (c *Conn) Stalled() <-chan struct{} { return c.out.stalled }

// Queued returns how many bytes wait for the peer.
func (c *Conn) Queued() int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.bytes
}

// Close ends reading after the read in progress, and fails the calls that wait for
// an answer. Senders that wait for space queue their message at once. Call it before
// Flush; it may be called again.
func (c *Conn) Close() {
	_ = c.rpc.Close() // the only error is that it was closed before
	c.out.drain()
}

// Flush writes the queued messages and ends the writer. After the timeout it
// interrupts the write in progress if the output has write deadlines (pipes and
// sockets do); else the writer stays blocked until the process ends.
func (c *Conn) Flush(timeout time.Duration) error { return c.out.close(timeout) }

// Flushed returns a channel that is closed when the writer has ended.
func (c *Conn) Flushed() <-chan struct{} { return c.out.done }

// quiet writes jsonrpc2's log lines at debug level.
type quiet struct{ log *zap.Logger }

// Printf implements jsonrpc2.Logger.
func (q quiet) Printf(format string, args ...any) { q.log.Debug(fmt.Sprintf(format, args...)) }
