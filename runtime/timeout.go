package runtime

import (
	"fmt"
	"time"
)

// TimeoutError is the cause of a context that a time limit ended: it
// distinguishes a time limit from a cancellation, and holds the limit.
type TimeoutError struct {
	Limit time.Duration
}

// Error returns the text of the reference implementation, "timeout after 60s".
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("timeout after %gs", e.Limit.Seconds())
}
