package runtime

import (
	"context"
	"sync"
	"time"
)

// deliveryGrace is how long Bash waits for a slow reader of live output once
// the command's time is over.
const deliveryGrace = 200 * time.Millisecond

// delivery calls a function with text, in order and from a goroutine of its
// own, so that put never blocks. Text that arrives during a call is passed on
// as one piece by the next call. The caller of put bounds the memory; see live.
type delivery struct {
	emit func(delta string)
	done chan struct{} // closed after the last call of emit

	mu      sync.Mutex // guards the fields below
	changed sync.Cond  // on mu: there is text, or the end has come
	waiting []byte
	ended   bool
}

// deliver starts a delivery, which must be finished.
func deliver(emit func(delta string)) *delivery {
	d := &delivery{emit: emit, done: make(chan struct{})}
	d.changed.L = &d.mu
	go d.run()
	return d
}

func (d *delivery) run() {
	defer close(d.done)
	for {
		delta := d.next()
		if delta == "" {
			return
		}
		d.emit(delta)
	}
}

// next waits for text; "" is the end.
func (d *delivery) next() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.waiting) == 0 && !d.ended {
		d.changed.Wait()
	}
	delta := string(d.waiting)
	d.waiting = d.waiting[:0]
	return delta
}

// put adds text to be delivered. It never waits for emit.
func (d *delivery) put(delta string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = append(d.waiting, delta...)
	d.changed.Signal()
}

// finish waits until all text is delivered, or until shortly after the end of
// ctx: then it drops the rest. It does not wait for a call of emit that still
// blocks; no call follows that one.
func (d *delivery) finish(ctx context.Context) {
	d.mu.Lock()
	d.ended = true
	d.changed.Signal()
	d.mu.Unlock()
	select {
	case <-d.done:
		return
	case <-ctx.Done():
	}
	late := time.NewTimer(deliveryGrace)
	defer late.Stop()
	select {
	case <-d.done:
	case <-late.C:
		d.mu.Lock()
		d.waiting = nil
		d.mu.Unlock()
	}
}
