package runtime

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

// Errors of the workspace that callers tell apart.
var (
	ErrNotFound = errors.New("file not found")
	ErrOutside  = errors.New("outside the workspace")
	ErrTooLarge = errors.New("too large")
	ErrConflict = errors.New("changed by someone else meanwhile")
)

// InvalidError refuses a value. Field is its path in the parameters
// ("limits.tokens", "files[2]") or the name of a setting.
type InvalidError struct {
	Field  string
	Reason string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

// fileError words a failure for people and models, and keeps what programs
// look for: one of the errors above, or the operating system's.
type fileError struct {
	text string
	err  error
}

func (e *fileError) Error() string { return e.text }

func (e *fileError) Unwrap() error { return e.err }

// quote makes untrusted text safe and short enough for an error.
func quote(s string) string {
	if len(s) > maxQuoted {
		return strconv.Quote(s[:maxQuoted]) + "…"
	}
	return strconv.Quote(s)
}

// reason strips an error of the operation and the path that the os package put
// around it: ours already name both, and os.Root's paths can be internal ones.
func reason(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}

// notFound has the reference's text. A name that would spoil it is quoted.
func notFound(name string) error {
	if len(name) > maxQuoted || strconv.Quote(name) != `"`+name+`"` {
		name = quote(name)
	}
	return &fileError{"file " + name + " not found", ErrNotFound}
}
