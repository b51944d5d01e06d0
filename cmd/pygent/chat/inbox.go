package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/tasks"
)

// frame is the interval between two batches of messages. Each batch is drawn once, so
// that a fast model costs no more than a slow one.
const frame = 33 * time.Millisecond

// Limits of the inbox, in messages and in bytes of deltas. At a limit the server waits;
// nothing is dropped.
const (
	maxQueued      = 4096
	maxQueuedBytes = 4 << 20
)

// batch holds the messages since the last frame, in order: event.Event, tasks.Task, *ask,
// withdrawn, stepped, commanded, warning and closed.
type batch []any

// withdrawn says that an ask was cancelled.
type withdrawn struct{ ask *ask }

// stepped is the end of a step.
type stepped struct {
	text string
	err  error
}

// commanded is the end of a command.
type commanded struct {
	outcome
	err error
}

// warning is a line of the log that the user should see.
type warning string

// closed says that the server has ended.
type closed struct{}

// inbox is the queue of messages to the screen. It keeps their order and merges adjacent
// deltas of the same kind.
type inbox struct {
	done chan struct{} // closed by close
	some chan struct{} // has a token while there may be messages
	room chan struct{} // has a token after take has made room

	mu    sync.Mutex
	items batch
	bytes int
}

func newInbox() *inbox {
	return &inbox{done: make(chan struct{}), some: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// close wakes all waiting goroutines. Messages that are put later are dropped.
func (b *inbox) close() { close(b.done) }

// put adds one item. It waits while the inbox is full.
func (b *inbox) put(item any) {
	for !b.add(item) {
		select {
		case <-b.room:
		case <-b.done:
			return
		}
	}
	select {
	case b.some <- struct{}{}:
	default:
	}
}

func (b *inbox) add(item any) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) >= maxQueued || b.bytes >= maxQueuedBytes {
		return false
	}
	e, ok := item.(event.Event)
	if ok && e.Live() {
		b.bytes += len(e.Delta)
		if merged, ok := b.merge(e); ok {
			b.items[len(b.items)-1] = merged
			return true
		}
	}
	b.items = append(b.items, item)
	return true
}

// merge appends a delta to the last item if that is the same kind of delta and not yet
// long, so that appending stays cheap.
func (b *inbox) merge(e event.Event) (event.Event, bool) {
	if len(b.items) == 0 {
		return e, false
	}
	last, ok := b.items[len(b.items)-1].(event.Event)
	if !ok || last.Kind != e.Kind || last.CallID != e.CallID || last.SessionID != e.SessionID || len(last.Delta) > 4096 {
		return e, false
	}
	last.Delta += e.Delta
	return last, true
}

// next is the bubbletea command that waits for the next batch. It is issued again after
// each batch. A frame passes between two batches.
func (b *inbox) next() tea.Msg {
	select {
	case <-b.some:
	case <-b.done:
		return nil
	}
	pause := time.NewTimer(frame)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-b.done:
		return nil
	}
	return b.take()
}

func (b *inbox) take() batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items, b.bytes = nil, 0
	select {
	case b.room <- struct{}{}:
	default:
	}
	return items
}

// handlers returns handlers that put the server's messages into the inbox.
func (b *inbox) handlers() rpc.Handlers {
	return rpc.Handlers{Notification: b.notification, Request: b.request}
}

func (b *inbox) notification(method string, params json.RawMessage) {
	switch method {
	case rpc.MethodEvent:
		if e, err := decode[event.Event](params); err == nil {
			b.put(e)
		}
	case rpc.MethodTaskChanged:
		if c, err := decode[tasks.Changed](params); err == nil {
			b.put(c.Task)
		}
	}
}

// request asks the user and waits for the answer.
func (b *inbox) request(ctx context.Context, method string, params json.RawMessage) (any, error) {
	a := &ask{answer: make(chan any, 1)}
	var err error
	switch method {
	case rpc.MethodRequestApproval:
		a.approval, err = decode[*event.Approval](params)
	case rpc.MethodAskUser:
		a.question, err = decode[*event.Question](params)
	default:
		return nil, fmt.Errorf("unknown method %q", method)
	}
	if err != nil {
		return nil, err
	}
	b.put(a)
	select {
	case answer := <-a.answer:
		return answer, nil
	case <-ctx.Done():
		b.put(withdrawn{a})
		return nil, context.Cause(ctx)
	case <-b.done:
		return nil, context.Canceled
	}
}
