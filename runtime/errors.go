package runtime

import "errors"

// Errors of the workspace that callers tell apart.
var (
	ErrNotFound = errors.New("file not found")
	ErrOutside  = errors.New("outside the workspace")
	ErrTooLarge = errors.New("too large")
)

// InvalidError refuses a value. Field is its path in the parameters
// ("limits.tokens", "files[2]") or the name of a setting.
type InvalidError struct {
	Field  string
	Reason string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }
