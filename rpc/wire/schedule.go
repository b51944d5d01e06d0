package wire

import (
	"context"
	"encoding/json"
)

// Handler runs one request. params is nil when the request has none.
type Handler func(ctx context.Context, params json.RawMessage) (any, error)

// Schedule says how the requests of a method run beside other requests. With the zero
// Schedule each request runs in its own goroutine and is answered when it has ended.
type Schedule struct {
	// ReadOnly marks requests that change nothing and may have long answers. At most
	// MaxReadOnly of them run at a time, and the answer to a cancelled one is dropped
	// while it waits for space in the queue.
	ReadOnly bool

	// Barrier marks requests that block later requests until they are answered. They
	// must be quick.
	Barrier bool

	// Inline marks requests that run on the read loop: nothing is read before they
	// are answered. They must be quick, and cannot be cancelled.
	Inline bool
}

// Route is the handler and the schedule of a request.
type Route struct {
	Serve Handler
	Schedule
}

// Router handles incoming messages. Its methods are called on the read loop, in
// order, and must not wait for the peer.
type Router interface {
	// Request returns the route of a request, or the error for its answer.
	Request(method string) (Route, error)

	// Notification handles a notification.
	Notification(method string, params json.RawMessage)
}
