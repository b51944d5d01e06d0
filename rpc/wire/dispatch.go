package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"
)

// Limits of the requests of one connection. A cancelled request does not count as
// running, so that a client may send and cancel fast; maxEnding bounds all requests
// in flight.
const (
	MaxRunning = 256  // running requests
	maxEnding  = 4096 // running requests, and cancelled ones that have not ended yet

	// MaxWaiting bounds the parameters, in bytes, of the requests that wait for a
	// slot (see MaxReadOnly) or behind a Barrier. A single request may exceed it.
	MaxWaiting = 16 << 20
)

// dispatcher is the jsonrpc2.Handler of both sides.
//
// It handles cancels and notifications on the read loop, in order. It runs every
// request by its Schedule, under its own context. It registers the context before the
// request's goroutine starts, so that a cancel right after the request finds it. Every
// request gets exactly one answer, encoded and queued here.
type dispatcher struct {
	stream   *stream
	out      *outbox
	router   Router
	describe func(error) any
	cancels  string // the notification that cancels a request
	log      *zap.Logger
	lifetime context.Context // of the connection; parent of the requests' contexts

	readers chan struct{} // one token for each ReadOnly request, until its answer is queued
	answers chan struct{} // one token for each answer that waits for space or is being encoded

	running sync.WaitGroup

	barrier <-chan struct{} // closed when the last Barrier is answered; nil before the first one; read loop only

	mu       sync.Mutex
	inFlight map[string]*Request // by idKey
	live     int                 // how many of them were not cancelled
	waiting  int                 // bytes, see MaxWaiting
	closed   bool                // no new request starts
}

// Request is a request in flight.
type Request struct {
	Method string
	Cancel context.CancelFunc
	Done   <-chan struct{} // closed when it has ended

	retired bool // no longer counted as running; guarded by the dispatcher's mu
	waiting int  // bytes of its parameters while it waits
}

func newDispatcher(lifetime context.Context, s *stream, o Options) *dispatcher {
	d := &dispatcher{
		stream:   s,
		out:      s.out,
		router:   o.Router,
		describe: o.Describe,
		cancels:  o.CancelMethod,
		log:      o.Logger,
		lifetime: lifetime,
		readers:  make(chan struct{}, MaxReadOnly),
		answers:  make(chan struct{}, maxAnswers),
		inFlight: map[string]*Request{},
	}
	s.reject = func(err error) { d.refuse(nil, err) }
	return d
}

// Handle implements jsonrpc2.Handler; the message is the stream's current one.
func (d *dispatcher) Handle(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request) {
	env := d.stream.current
	if env.kind == kindRequest {
		d.begin(env)
		return
	}
	if !d.enter() {
		return
	}
	defer d.running.Done()
	if env.method == d.cancels {
		d.cancel(env.params)
		return
	}
	defer d.survive(env.method)
	d.router.Notification(env.method, env.params)
}

// enter counts a notification as running. It returns false when the dispatcher is
// closed. After true, the caller calls running.Done.
func (d *dispatcher) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.running.Add(1)
	return true
}

// survive logs a panic of a notification's handler.
func (d *dispatcher) survive(method string) {
	if p := recover(); p != nil {
		d.log.Error("panic", zap.String("method", method), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
	}
}

// begin starts a request or refuses it.
func (d *dispatcher) begin(env *envelope) {
	r, err := d.router.Request(env.method)
	if err != nil {
		d.refuse(env.id, err)
		return
	}
	ctx, cancel := context.WithCancel(d.lifetime)
	key := idKey(env.id)
	done := make(chan struct{})
	req := &Request{Method: env.method, Cancel: cancel, Done: done}
	barrier := d.barrier
	select {
	case <-barrier: // already answered
		barrier = nil
	default:
	}
	if r.ReadOnly || barrier != nil {
		req.waiting = len(env.params)
	}
	if id, err := d.register(key, req, env.id); err != nil {
		cancel()
		if !errors.Is(err, ErrClosed) {
			d.refuse(id, err)
		}
		return
	}
	if r.Barrier {
		d.barrier = done
	}
	run := func() {
		defer d.running.Done()
		defer close(done)
		defer cancel()
		if barrier != nil {
			select {
			case <-barrier:
			case <-ctx.Done(): // the handler checks ctx
			}
		}
		d.answer(ctx, key, env, r)
	}
	if r.Inline {
		run()
	} else {
		go run()
	}
}

// register adds a request to inFlight. With an error it returns the id for the
// answer: nil for a duplicate, whose id belongs to the other request.
func (d *dispatcher) register(key string, req *Request, id json.RawMessage) (json.RawMessage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return nil, ErrClosed
	case d.inFlight[key] != nil:
		return nil, fmt.Errorf("%w: a request with the id %s is running", ErrInvalidRequest, id)
	case d.live >= MaxRunning, len(d.inFlight) >= maxEnding:
		return id, fmt.Errorf("%w: %d, wait for an answer first", ErrOverloaded, MaxRunning)
	case d.waiting > 0 && d.waiting+req.waiting > MaxWaiting:
		return id, fmt.Errorf("%w: their parameters have %d MiB, wait for an answer first", ErrOverloaded, d.waiting>>20)
	}
	d.inFlight[key] = req
	d.waiting += req.waiting
	d.live++
	d.running.Add(1)
	return id, nil
}

// refuse answers from the read loop.
func (d *dispatcher) refuse(id json.RawMessage, err error) {
	_ = d.out.wait(d.lifetime, maxRefused) // when the queue is closed, push returns the error
	if err := d.out.push(encodeError(id, d.describe(err))); err != nil {
		d.log.Debug("answer to nobody", zap.Error(err))
	}
}

// cancel handles the notification that cancels a request. It ignores a request that
// has ended.
func (d *dispatcher) cancel(params json.RawMessage) {
	var p struct {
		ID json.RawMessage `json:"id"`
	}
	if len(params) == 0 || json.Unmarshal(params, &p) != nil || len(p.ID) == 0 {
		d.log.Warn("a cancel without an id", zap.ByteString("params", params[:min(len(params), 200)]))
		return
	}
	d.mu.Lock()
	req := d.inFlight[idKey(p.ID)]
	d.retire(req)
	d.mu.Unlock()
	if req != nil {
		req.Cancel()
	}
}

// admit stops counting the parameters of a request as waiting.
func (d *dispatcher) admit(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting -= d.inFlight[key].waiting
	d.inFlight[key].waiting = 0
}

// leave removes a request from inFlight.
func (d *dispatcher) leave(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	req := d.inFlight[key]
	d.waiting -= req.waiting
	d.retire(req)
	delete(d.inFlight, key)
}

// retire stops counting a request as running. Further calls do nothing. The caller
// holds mu.
func (d *dispatcher) retire(r *Request) {
	if r != nil && !r.retired {
		r.retired = true
		d.live--
	}
}

// snapshot returns the requests in flight.
func (d *dispatcher) snapshot() []*Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*Request, 0, len(d.inFlight))
	for _, r := range d.inFlight {
		all = append(all, r)
	}
	return all
}

// idle returns a channel that is closed when all requests and notifications have
// ended. Call it after close.
func (d *dispatcher) idle() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		d.running.Wait()
		close(done)
	}()
	return done
}

// close prevents new requests and notifications from starting.
func (d *dispatcher) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}
