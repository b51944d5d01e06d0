package runtime

import (
	"fmt"
	"time"
)

// TimeoutError is the cause of a context that a time limit ended: it tells a
// limit of the user's from a cancel, and says what the limit was.
type TimeoutError struct {
	Limit time.Duration
}

// Error is the reference's text, "timeout after 60s".
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("timeout after %gs", e.Limit.Seconds())
}
