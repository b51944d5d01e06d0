package agent

import (
	"context"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// clock bounds a model round. It stops while the user is asked. A nil clock is no
// bound.
type clock struct {
	mu    sync.Mutex
	timer *time.Timer
	left  time.Duration
	since time.Time // when the timer was last started
}

// newClock makes a context that ends when the clock has run for limit.
func newClock(ctx context.Context, limit time.Duration) (*clock, context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &clock{left: limit, since: time.Now()}
	c.timer = time.AfterFunc(limit, func() { cancel(&runtime.TimeoutError{Limit: limit}) })
	return c, ctx, func() {
		c.timer.Stop()
		cancel(context.Canceled)
	}
}

func (c *clock) pause() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
	c.left -= time.Since(c.since)
}

func (c *clock) resume() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = time.Now()
	c.timer.Reset(max(1, c.left))
}
