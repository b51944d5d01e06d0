package agent

import (
	"errors"
	"fmt"
	"time"
)

// Errors of this package that callers tell apart.
var (
	ErrBusy            = errors.New("busy")
	ErrAuthRequired    = errors.New("no model is configured")
	ErrContextOverflow = errors.New("the conversation is too long for the model")
)

// ProviderError is a failure that the model's endpoint reported, or a fault in
// its answer. Message never holds a secret.
type ProviderError struct {
	HTTPStatus int           // 0 when there was no HTTP answer
	RetryAfter time.Duration // 0 when the endpoint did not say
	Retryable  bool
	Message    string // names the endpoint, the failure and, where known, the remedy
	Err        error  // may be nil
}

func (e *ProviderError) Error() string {
	if e.HTTPStatus == 0 {
		return "model: " + e.Message
	}
	return fmt.Sprintf("model: HTTP %d: %s", e.HTTPStatus, e.Message)
}

func (e *ProviderError) Unwrap() error { return e.Err }
