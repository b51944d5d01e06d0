package edit

import (
	"errors"
	"fmt"
	"strings"
)

// Result is a changed text.
type Result struct {
	Text      string
	Places    int      // replaced passages, or applied hunks
	Tolerated []string // what did not fit exactly, for the model
}

// Replacement asks to replace Old by New, at its only place or at all places.
type Replacement struct {
	Old, New string
	All      bool
}

// Replace replaces one passage of text, or all equal ones. The error tells the
// model what to correct.
func Replace(text string, r Replacement) (Result, error) {
	switch n := strings.Count(text, r.Old); {
	case r.Old == "":
		return Result{}, errors.New("old_string is empty")
	case r.Old == r.New:
		return Result{}, errors.New("nothing would change: old_string and new_string are equal")
	case n == 0:
		return Result{}, errors.New("old_string is not in the file")
	case n > 1 && !r.All:
		return Result{}, fmt.Errorf("old_string is in the file %d times", n)
	default:
		return Result{Text: strings.ReplaceAll(text, r.Old, r.New), Places: n}, nil
	}
}
