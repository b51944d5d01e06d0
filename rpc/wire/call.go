package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sourcegraph/jsonrpc2"
)

// Call is a request to the peer.
type Call struct {
	conn   *Conn
	id     uint64
	waiter jsonrpc2.Waiter
}

// Wait waits for the answer and decodes its result into result, a pointer or nil.
// The error is an *Error when the peer answered with an error, ErrClosed when the
// connection ended, and ctx.Err() when ctx ended; then Wait may be called again.
func (c *Call) Wait(ctx context.Context, result any) error {
	return callError(c.waiter.Wait(ctx, result))
}

// Cancel tells the peer that the answer is no longer needed. It does not wait for
// space in the queue, so that the peer stops soon.
func (c *Call) Cancel() error {
	frame, err := encodeNotification(c.conn.cancelMethod, struct {
		ID uint64 `json:"id"`
	}{c.id})
	if err != nil {
		return err
	}
	return c.conn.out.push(frame)
}

// Error is an error response from the peer.
type Error struct {
	Code    int
	Message string
	Data    json.RawMessage // nil when the peer sent none
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// callError converts jsonrpc2's errors to this package's errors.
func callError(err error) error {
	if err == nil {
		return nil
	}
	var answer *jsonrpc2.Error
	switch {
	case errors.Is(err, jsonrpc2.ErrClosed):
		return ErrClosed
	case errors.As(err, &answer):
		e := &Error{Code: int(answer.Code), Message: answer.Message}
		if answer.Data != nil {
			e.Data = *answer.Data
		}
		return e
	}
	return err
}
