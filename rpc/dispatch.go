package rpc

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

// Caps of the requests of one connection. One that was cancelled no longer counts
// as running, so that a client which sends and cancels fast is not told that it
// asks too much; all together are bounded as well.
const (
	maxInFlight = 256  // that run
	maxEnding   = 4096 // that run or were cancelled and have not ended yet

	// Bytes of parameters of requests that wait, for a place (see maxLooks) or for one
	// that has to be first: one may have as many as a message may, others only if all
	// have no more than this.
	maxWaiting = 16 << 20
)

// handler runs one request. A nil params stands for none.
type handler func(ctx context.Context, params json.RawMessage) (any, error)

// route says how a request is served.
type route struct {
	serve  handler
	inline bool // on the read loop, before anything that follows is read
	looks  bool // it changes nothing, and its answer may be long: see maxLooks
	now    bool // its answer is not older than what was queued before it: see now
	first  bool // requests that come behind it begin when it has its answer
}

// router says what happens with an incoming message. Its methods are called on
// the read loop and must not wait for the peer.
type router interface {
	// request returns the route of a request.
	request(method string) (route, error)

	// notification handles one, in order.
	notification(method string, params json.RawMessage)
}

// dispatcher is the jsonrpc2.Handler of both sides.
//
// Cancels and notifications are handled on the read loop, in order. Every
// request runs in its own goroutine under its own context, which is registered
// before the goroutine starts: a cancel right behind the request finds it. Those
// behind one that has to be first wait for it there.
// Every request gets exactly one answer, encoded and queued here.
type dispatcher struct {
	stream   *stream
	out      *outbox
	router   router
	log      *zap.Logger
	lifetime context.Context // of the connection; requests derive from it

	looks   chan struct{} // holds a token for each request that looks, until its answer is queued
	answers chan struct{} // holds a token for each answer that waits for the output or is being encoded

	running sync.WaitGroup

	before <-chan struct{} // closed when the last request that has to be first was answered; nil: there was none. The read loop's

	mu       sync.Mutex
	inFlight map[string]*request // by idKey
	live     int                 // of them, those that were not cancelled
	waiting  int                 // bytes, see maxWaiting
	closed   bool                // nothing new begins
}

// request is one that runs.
type request struct {
	method string
	cancel context.CancelFunc
	done   chan struct{}

	retired bool // no longer counted as running; guarded by the dispatcher's mu
	waiting int  // bytes of its parameters while it waits
}

func newDispatcher(lifetime context.Context, s *stream, r router, log *zap.Logger) *dispatcher {
	d := &dispatcher{
		stream:   s,
		out:      s.out,
		router:   r,
		log:      log,
		lifetime: lifetime,
		looks:    make(chan struct{}, maxLooks),
		answers:  make(chan struct{}, maxAnswers),
		inFlight: map[string]*request{},
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
	if env.method == methodCancel {
		d.cancel(env.params)
		return
	}
	defer d.survive(env.method)
	d.router.notification(env.method, env.params)
}

// enter counts what runs on the read loop; it is false when the dispatcher is
// closed. The caller calls running.Done.
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
	r, err := d.router.request(env.method)
	if err != nil {
		d.refuse(env.id, err)
		return
	}
	ctx, cancel := context.WithCancel(d.lifetime)
	key := idKey(env.id)
	req := &request{method: env.method, cancel: cancel, done: make(chan struct{})}
	before := d.before
	select {
	case <-before: // it waits for nothing any more
		before = nil
	default:
	}
	if r.looks || before != nil {
		req.waiting = len(env.params)
	}
	if id, err := d.register(key, req, env.id); err != nil {
		cancel()
		if !errors.Is(err, ErrClosed) {
			d.refuse(id, err)
		}
		return
	}
	if r.first {
		d.before = req.done
	}
	run := func() {
		defer d.running.Done()
		defer close(req.done)
		defer cancel()
		if before != nil {
			select {
			case <-before:
			case <-ctx.Done(): // its handler sees that
			}
		}
		d.answer(ctx, key, env, r)
	}
	if r.inline {
		run()
	} else {
		go run()
	}
}

// register enters a request among those that run. The id returned beside an
// error is the one to answer with: a duplicate's belongs to another request.
func (d *dispatcher) register(key string, req *request, id json.RawMessage) (json.RawMessage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return nil, ErrClosed
	case d.inFlight[key] != nil:
		return nil, fmt.Errorf("%w: a request with the id %s is running", errInvalidRequest, id)
	case d.live >= maxInFlight, len(d.inFlight) >= maxEnding:
		return id, fmt.Errorf("%w: %d, wait for an answer first", errOverloaded, maxInFlight)
	case d.waiting > 0 && d.waiting+req.waiting > maxWaiting:
		return id, fmt.Errorf("%w: their parameters have %d MiB, wait for an answer first", errOverloaded, d.waiting>>20)
	}
	d.inFlight[key] = req
	d.waiting += req.waiting
	d.live++
	d.running.Add(1)
	return id, nil
}

// refuse answers from the read loop.
func (d *dispatcher) refuse(id json.RawMessage, err error) {
	_ = d.out.wait(d.lifetime, readLoopWater) // closed: push tells
	if err := d.out.push(encodeError(id, Detail(err))); err != nil {
		d.log.Debug("answer to nobody", zap.Error(err))
	}
}

// cancel handles $/cancelRequest. A request that has ended is left alone.
func (d *dispatcher) cancel(params json.RawMessage) {
	var p CancelParams
	if len(params) == 0 || json.Unmarshal(params, &p) != nil || len(p.ID) == 0 {
		d.log.Warn("a cancel without an id", zap.ByteString("params", params[:min(len(params), 200)]))
		return
	}
	d.mu.Lock()
	req := d.inFlight[idKey(p.ID)]
	d.retire(req)
	d.mu.Unlock()
	if req != nil {
		req.cancel()
	}
}

// admit takes the parameters of a request out of those that wait.
func (d *dispatcher) admit(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting -= d.inFlight[key].waiting
	d.inFlight[key].waiting = 0
}

// leave takes a request out of those that run.
func (d *dispatcher) leave(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	req := d.inFlight[key]
	d.waiting -= req.waiting
	d.retire(req)
	delete(d.inFlight, key)
}

// retire takes a request out of the count of those that run, once. The caller
// holds mu.
func (d *dispatcher) retire(r *request) {
	if r != nil && !r.retired {
		r.retired = true
		d.live--
	}
}

// snapshot returns the requests that run now.
func (d *dispatcher) snapshot() []*request {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*request, 0, len(d.inFlight))
	for _, r := range d.inFlight {
		all = append(all, r)
	}
	return all
}

// idle is closed when everything that was begun has ended. It is called after
// close.
func (d *dispatcher) idle() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		d.running.Wait()
		close(done)
	}()
	return done
}

// close lets nothing new begin.
func (d *dispatcher) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}
