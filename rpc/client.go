package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
)

// cancelGrace is how long a cancelled Call still waits for its answer: a
// cancelled step answers with a result.
const cancelGrace = 5 * time.Second

// Handlers are what a Client does with what the server sends. Nil fields are
// allowed.
type Handlers struct {
	// Notification is called with each notification, in order. Nothing is read
	// while it runs, so it must not call the server and wait.
	Notification func(method string, params json.RawMessage)

	// Request answers a request of the server, in a goroutine of its own. ctx
	// ends when the server withdraws the request. An error is answered as one;
	// nil answers "method not found".
	Request func(ctx context.Context, method string, params json.RawMessage) (any, error)

	Logger *zap.Logger // nil logs nothing
}

// Client is the client's side of a connection, with Content-Length framing.
// Its methods may be called from several goroutines.
type Client struct {
	conn       *jsonrpc2.Conn
	stream     *stream
	out        *outbox
	dispatcher *dispatcher
	rw         io.ReadWriteCloser
	cancel     context.CancelFunc
	lastID     atomic.Uint64
}

// NewClient begins to read from rw. Close ends it.
func NewClient(rw io.ReadWriteCloser, h Handlers) *Client {
	log := h.Logger
	if log == nil {
		log = zap.NewNop()
	}
	life, cancel := context.WithCancel(context.Background())
	out := newOutbox(rw, 0, log)
	s := newStream(rw, out, maxSkipBytes, log)
	s.fix(modeHeaders)
	c := &Client{stream: s, out: out, rw: rw, cancel: cancel}
	c.dispatcher = newDispatcher(life, s, clientRouter{h}, log)
	c.conn = jsonrpc2.NewConn(life, s, c.dispatcher, jsonrpc2.SetLogger(quiet{log}))
	close(s.start)
	return c
}

// clientRouter routes what the server sends.
type clientRouter struct{ h Handlers }

func (r clientRouter) request(method string) (route, error) {
	if r.h.Request == nil {
		return route{}, fmt.Errorf("%w: %.200q", errMethodNotFound, method)
	}
	return route{serve: func(ctx context.Context, params json.RawMessage) (any, error) {
		return r.h.Request(ctx, method, params)
	}}, nil
}

func (r clientRouter) notification(method string, params json.RawMessage) {
	if r.h.Notification != nil {
		r.h.Notification(method, params)
	}
}

// Call calls the server and decodes its result into result, a pointer or nil.
// The error is *Error when the server answered with one, and ErrClosed when the
// connection ended.
//
// When ctx ends, Call sends a cancel and waits a little for the answer. What
// the server then answers counts as usual, but for "request cancelled": the
// error is context.Cause(ctx) then, as it is when no answer comes.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	id := c.lastID.Add(1)
	waiter, err := c.conn.DispatchCall(ctx, method, params, jsonrpc2.PickID(jsonrpc2.ID{Num: id}))
	if err != nil {
		return fmt.Errorf("%s: %w", method, callError(err))
	}
	err = waiter.Wait(ctx, result)
	if err == nil {
		return nil
	}
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%s: %w", method, callError(err))
	}
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer stop()
	if err := c.Notify(grace, methodCancel, cancelCall{ID: id}); err != nil {
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
	err = waiter.Wait(grace, result)
	var answer *jsonrpc2.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && answer.Code != codeCancelled:
		return fmt.Errorf("%s: %w", method, callError(err))
	default:
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
}

// callError turns jsonrpc2's errors into ours.
func callError(err error) error {
	var answer *jsonrpc2.Error
	switch {
	case errors.Is(err, jsonrpc2.ErrClosed):
		return ErrClosed
	case errors.As(err, &answer):
		e := &Error{Code: int(answer.Code), Message: answer.Message}
		var data agent.ErrorData
		if answer.Data != nil && json.Unmarshal(*answer.Data, &data) == nil {
			e.Data = &data
		}
		return e
	}
	return err
}

// Notify sends a notification; nil params are left out. It blocks while the
// server does not read, until ctx ends.
func (c *Client) Notify(ctx context.Context, method string, params any) error {
	if params == nil {
		params = None{}
	}
	return c.out.notify(ctx, method, params)
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.conn.DisconnectNotify() }

// Err says why the connection ended, after Done: io.EOF when the server closed
// it or Close was called.
func (c *Client) Err() error {
	if end := c.stream.end.Load(); end != nil {
		return end.err
	}
	return io.EOF
}

// Close writes out what was sent, for a second at the most, closes the
// connection and waits for the handlers of the server's requests, whose
// contexts end. It must not be called from a handler.
func (c *Client) Close() error {
	c.dispatcher.close()
	c.cancel()
	c.out.drain()
	flushErr := c.out.close(time.Second)
	err := c.rw.Close()
	<-c.out.done
	<-c.dispatcher.idle()
	return errors.Join(flushErr, err)
}
