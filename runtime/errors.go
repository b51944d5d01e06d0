package runtime

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

// Errors of the workspace that callers check for.
var (
	ErrNotFound = errors.New("file not found")
	ErrOutside  = errors.New("outside the workspace")
	ErrTooLarge = errors.New("too large")

	ErrProtected = errors.New("protected path")
)

// InvalidError refuses a value. Field is its path in the parameters
// ("limits.tokens", "files[2]") or the name of a setting.
type InvalidError struct {
	Field  string
	Reason string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Reason }

// fileError has a text for people and models, and wraps the error that programs
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

// reason removes from an error the operation and the path that package os has
// added: our errors name both already, and os.Root's paths can be internal
// ones.
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

// notFound has the text of the reference implementation. A name with unusual
// characters is quoted.
func notFound(name string) error {
	if len(name) > maxQuoted || strconv.Quote(name) != `"`+name+`"` {
		name = quote(name)
	}
	return &fileError{"file " + name + " not found", ErrNotFound}
}
