package wire

import "errors"

// Errors that callers can distinguish with errors.Is.
var (
	ErrClosed         = errors.New("the connection is closed")
	ErrParse          = errors.New("parse error")                   // in a frame or in its JSON
	ErrInvalidRequest = errors.New("invalid request")               // not a message, too long, or an id in use
	ErrOverloaded     = errors.New("too many requests are running") // see MaxRunning and MaxWaiting
)

var errPanic = errors.New("internal error: the server's log says more")
