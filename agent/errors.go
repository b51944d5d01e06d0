package agent

import (
	"errors"
	"fmt"
	"time"
)

// Errors of this package that callers tell apart.
var (
	ErrSessionNotFound = errors.New("session not found")
	ErrBusy            = errors.New("busy")
	ErrAuthRequired    = errors.New("no model is configured")
	ErrContextOverflow = errors.New("the conversation is too long for the model")
)

// ErrNotKept tells that a session has no journal: its events are not there to be
// read again.
var ErrNotKept = errors.New("the session is not kept")

// NotOpenError names a session that exists and that no agent of this server
// works in.
type NotOpenError struct{ SessionID string }

func (e *NotOpenError) Error() string {
	return fmt.Sprintf("%s: %q is not open in this server", ErrSessionNotFound, e.SessionID)
}

func (e *NotOpenError) Unwrap() error { return ErrSessionNotFound }

// Hint says what would help.
func (e *NotOpenError) Hint() string { return "resume the session first" }

// ProviderError is a failure that the model's endpoint reported, or that lies
// in how it answered. Message never holds a secret.
type ProviderError struct {
	HTTPStatus int           // 0 when there was no HTTP answer
	RetryAfter time.Duration // 0 when the endpoint did not say
	Retryable  bool
	Message    string // names the endpoint, what went wrong and, where known, the cure
	Err        error  // may be nil
}

func (e *ProviderError) Error() string {
	if e.HTTPStatus == 0 {
		return "model: " + e.Message
	}
	return fmt.Sprintf("model: HTTP %d: %s", e.HTTPStatus, e.Message)
}

func (e *ProviderError) Unwrap() error { return e.Err }
