package rpc

import (
	"context"
	"fmt"
	"runtime/debug"

	"go.uber.org/zap"
)

// Caps of answers that are not queued yet, beside which a client that does not
// read can ask for more and more. A request that looks has its place before its
// handler makes the result, an answer before it is encoded, so that what a full
// output holds up is at most maxLooks long results and maxAnswers frames.
// Requests that act wait for no place before they have acted: their results are
// short, or share their text with what is kept anyway.
const (
	maxLooks   = 4
	maxAnswers = 4
)

// maxAnew bounds how often an answer is made anew because notifications overtake it.
const maxAnew = 8

// answer runs a request and queues its answer. The request keeps its place among
// those in flight while the queue is full, so that answers waiting for a slow
// client are bounded too. The result of one that looks is dropped when it is
// cancelled meanwhile; that of one that acts tells what was done, and is not.
func (d *dispatcher) answer(ctx context.Context, key string, env *envelope, r route) {
	var result any
	var err error
	kept := context.Background() // how long the result is
	if r.looks {
		kept = ctx
		if err = take(ctx, d.looks); err == nil {
			defer func() { <-d.looks }()
		}
	}
	d.admit(key)
	told := d.out.notifications()
	if err == nil {
		result, err = d.perform(ctx, env, r)
	}
	if cause := d.room(kept); cause != nil {
		result, err = nil, cause
		_ = d.room(context.Background()) // it cannot fail
	}
	defer func() { <-d.answers }()
	frame := d.encode(env, result, err)
	d.mu.Lock()
	d.retire(d.inFlight[key])
	delete(d.inFlight, key) // before the answer, behind which the id is free
	d.mu.Unlock()
	if err := d.push(ctx, env, r, told, frame); err != nil {
		d.log.Debug("answer to nobody", zap.String("method", env.method), zap.Error(err))
	}
}

// push queues an answer. That of a request about what is now is made anew when it
// was overtaken by notifications: told were queued before it was made.
func (d *dispatcher) push(ctx context.Context, env *envelope, r route, told uint64, frame []byte) error {
	for range maxAnew {
		if !r.now {
			break
		}
		if ok, err := d.out.pushAfter(told, frame); ok {
			return err
		}
		told = d.out.notifications()
		result, err := d.perform(ctx, env, r)
		frame = d.encode(env, result, err)
	}
	return d.out.push(frame)
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
	return encodeError(env.id, Detail(err))
}

// room waits for space in the queue and takes a place for an answer, which the
// caller gives back. When ctx ends first it takes none and returns the cause.
func (d *dispatcher) room(ctx context.Context) error {
	if err := take(ctx, d.answers); err != nil {
		return err
	}
	if err := d.out.wait(ctx, highWater); err != nil && ctx.Err() != nil {
		<-d.answers
		return context.Cause(ctx)
	}
	return nil // closed: push tells
}

// take puts a token into places, unless ctx ends first.
func take(ctx context.Context, places chan struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// perform runs a handler and turns a panic into an error.
func (d *dispatcher) perform(ctx context.Context, env *envelope, r route) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic", zap.String("method", env.method), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			err = errPanic
		}
	}()
	params := env.params
	if !r.now {
		env.params = nil // they may be long, and are not needed while the answer waits
	}
	return r.serve(ctx, params)
}
