package agent

import (
	"crypto/rand"
	"strings"
)

// newID makes an id that nobody can guess, with a prefix that says of what.
func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()[:16]) }
