package event

import "time"

// Duration converts the protocol's seconds. A positive number stays positive,
// even below a nanosecond.
func Duration(seconds float64) time.Duration {
	if seconds <= 0 {
		return 0
	}
	return max(1, time.Duration(seconds*float64(time.Second)))
}
