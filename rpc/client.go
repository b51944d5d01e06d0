package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc/wire"
)

// cancelGrace is how long a cancelled Call waits for its answer, because a cancelled
// step answers with a result.
const cancelGrace = 5 * time.Second

// Handlers handle the messages from the server. Nil fields are allowed.
type Handlers struct {
	// Notification is called with each notification, in order. Nothing is read
	// while it runs, so it must not call the server and wait.
	Notification func(method string, params json.RawMessage)

	// Request answers a request of the server, in its own goroutine. ctx ends when
	// the server cancels the request. A returned error becomes an error response. A
	// nil Request answers "method not found".
	Request func(ctx context.Context, method string, params json.RawMessage) (any, error)

	Logger *zap.Logger // nil disables logging
}

// Client is the client's end of a connection, with Content-Length framing. Its
// methods are safe for concurrent use.
type Client struct {
	conn   *wire.Conn
	rw     io.ReadWriteCloser
	cancel context.CancelFunc
}

// NewClient starts a client that reads from rw. Close ends it.
func NewClient(rw io.ReadWriteCloser, h Handlers) *Client {
	life, cancel := context.WithCancel(context.Background())
	c := &Client{rw: rw, cancel: cancel, conn: wire.New(life, wire.Options{
		In: rw, Out: rw, Router: clientRouter{h}, Describe: describe, CancelMethod: methodCancel,
		Framing: wire.FramingHeaders, MaxMessageBytes: wire.MaxMessageBytes, Logger: h.Logger,
	})}
	c.conn.Start()
	return c
}

// clientRouter routes messages from the server.
type clientRouter struct{ h Handlers }

func (r clientRouter) Request(method string) (wire.Route, error) {
	if r.h.Request == nil {
		return wire.Route{}, fmt.Errorf("%w: %.200q", errMethodNotFound, method)
	}
	return wire.Route{Serve: func(ctx context.Context, params json.RawMessage) (any, error) {
		return r.h.Request(ctx, method, params)
	}}, nil
}

func (r clientRouter) Notification(method string, params json.RawMessage) {
	if r.h.Notification != nil {
		r.h.Notification(method, params)
	}
}

// Call calls the server and decodes its result into result, a pointer or nil. The
// error is an *Error when the server answered with an error, and wire.ErrClosed when
// the connection ended.
//
// When ctx ends, Call sends a cancel and waits up to five seconds for the answer. If
// the server answers "request cancelled" or not at all, the error is
// context.Cause(ctx). Any other answer is returned as usual.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	call, err := c.conn.Call(ctx, method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, remote(err))
	}
	err = call.Wait(ctx, result)
	if err == nil {
		return nil
	}
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%s: %w", method, remote(err))
	}
	if err := call.Cancel(); err != nil {
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer stop()
	err = call.Wait(grace, result)
	var answer *wire.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && answer.Code != codeCancelled:
		return fmt.Errorf("%s: %w", method, remote(err))
	default:
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
}

// remote converts an error response to an *Error.
func remote(err error) error {
	var answer *wire.Error
	if !errors.As(err, &answer) {
		return err
	}
	e := &Error{Code: answer.Code, Message: answer.Message}
	var data event.ErrorData
	if answer.Data != nil && json.Unmarshal(answer.Data, &data) == nil {
		e.Data = &data
	}
	return e
}

// Notify sends a notification. Nil params are sent as {}. It blocks while the queue is
// full, until ctx ends.
func (c *Client) Notify(ctx context.Context, method string, params any) error {
	if params == nil {
		params = None{}
	}
	return c.conn.Notify(ctx, method, params)
}

// Done returns a channel that is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.conn.Ended() }

// Err returns why the connection ended: io.EOF when the server closed it or Close was
// called. Call it after Done.
func (c *Client) Err() error {
	if err := c.conn.Err(); err != nil {
		return err
	}
	return io.EOF
}

// Close writes the queued messages, for at most one second, and closes the
// connection. It cancels the handlers of the server's requests and waits for them.
// It must not be called from a handler.
func (c *Client) Close() error {
	c.conn.StopRequests()
	c.cancel()
	c.conn.Close()
	flushErr := c.conn.Flush(flushTimeout)
	err := c.rw.Close()
	<-c.conn.Flushed()
	<-c.conn.Idle()
	return errors.Join(flushErr, err)
}
