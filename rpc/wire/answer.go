package wire

import (
	"context"
	"fmt"
	"runtime/debug"

	"go.uber.org/zap"
)

// Limits of answers that are not queued yet. A ReadOnly request takes a slot before
// its handler runs, and every answer takes one before it is encoded. So a peer that
// does not read keeps at most MaxReadOnly long results and maxAnswers messages in
// memory. Other requests run without a slot: their results are short, or share their
// text with data that stays in memory anyway.
const (
	MaxReadOnly = 4
	maxAnswers  = 4
)

// answer runs a request and queues its answer. The request stays in flight while the
// queue is full; this bounds the answers that wait for a slow peer. If it is cancelled
// meanwhile, a ReadOnly request loses its result; other requests keep theirs, because
// it says what was done.
func (d *dispatcher) answer(ctx context.Context, key string, env *envelope, r Route) {
	var result any
	var err error
	kept := context.Background() // when it ends, the result is dropped
	if r.ReadOnly {
		kept = ctx
		if err = take(ctx, d.readers); err == nil {
			defer func() { <-d.readers }()
		}
	}
	d.admit(key)
	if err == nil {
		result, err = d.perform(ctx, env, r.Serve)
	}
	if cause := d.room(kept); cause != nil {
		result, err = nil, cause
		_ = d.room(context.Background()) // it cannot fail
	}
	defer func() { <-d.answers }()
	frame := d.encode(env, result, err)
	d.leave(key) // before the answer: the peer may reuse the id after it
	if err := d.out.push(frame); err != nil {
		d.log.Debug("answer to nobody", zap.String("method", env.method), zap.Error(err))
	}
}

// encode makes the response.
func (d *dispatcher) encode(env *envelope, result any, err error) []byte {
	var frame []byte
	if err == nil {
		if frame, err = encodeResult(env.id, result); err == nil {
			return frame
		}
		err = fmt.Errorf("encode the result of %s: %w", env.method, err)
		d.log.Error("no answer", zap.Error(err))
	}
	return encodeError(env.id, d.describe(err))
}

// room waits for space in the queue and takes a slot for an answer. The caller frees
// the slot. When ctx ends first, room takes no slot and returns the cause.
func (d *dispatcher) room(ctx context.Context) error {
	if err := take(ctx, d.answers); err != nil {
		return err
	}
	if err := d.out.wait(ctx, MaxQueued); err != nil && ctx.Err() != nil {
		<-d.answers
		return context.Cause(ctx)
	}
	return nil // when the queue is closed, push returns the error
}

// take puts a token into slots, unless ctx ends first.
func take(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// perform runs a handler and turns a panic into an error.
func (d *dispatcher) perform(ctx context.Context, env *envelope, serve Handler) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic", zap.String("method", env.method), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			err = errPanic
		}
	}()
	params := env.params
	env.params = nil // frees long params while the answer waits
	return serve(ctx, params)
}
