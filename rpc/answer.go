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
	if !r.now {
		d.admit(key)
		if err == nil {
			result, err = d.perform(ctx, env, r.serve)
		}
	}
	if cause := d.room(kept); cause != nil {
		result, err = nil, cause
		_ = d.room(context.Background()) // it cannot fail
	}
	defer func() { <-d.answers }()
	frame := func() []byte {
		if err == nil && r.now {
			result, err = d.perform(ctx, env, r.serve)
		}
		frame := d.encode(env, result, err)
		d.leave(key) // before the answer, behind which the id is free
		return frame
	}
	if r.now {
		err = d.out.pushMade(frame)
	} else {
		err = d.out.push(frame())
	}
	if err != nil {
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
func (d *dispatcher) perform(ctx context.Context, env *envelope, serve handler) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic", zap.String("method", env.method), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			err = errPanic
		}
	}()
	params := env.params
	env.params = nil // they may be long, and are not needed while the answer waits
	return serve(ctx, params)
}
