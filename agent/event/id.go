package event

import (
	"crypto/rand"
	"strings"
)

// NewID makes an id that nobody can guess. The prefix names the kind of thing.
func NewID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()[:16]) }
