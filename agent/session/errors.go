package session

import (
	"errors"
	"fmt"
)

// ErrSessionNotFound says that no session has the id.
var ErrSessionNotFound = errors.New("session not found")

// ErrNotKept says that a session has no journal, so its events cannot be read
// again.
var ErrNotKept = errors.New("the session is not kept")

// NotOpenError names a session that exists but is not open in this server.
type NotOpenError struct{ SessionID string }

func (e *NotOpenError) Error() string {
	return fmt.Sprintf("%s: %q is not open in this server", ErrSessionNotFound, e.SessionID)
}

func (e *NotOpenError) Unwrap() error { return ErrSessionNotFound }

// Hint returns the remedy.
func (e *NotOpenError) Hint() string { return "resume the session first" }

// ErrNotPending says that no open question has the key: it was answered
// otherwise, or withdrawn.
var ErrNotPending = errors.New("not pending")
