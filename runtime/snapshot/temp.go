package snapshot

import (
	"crypto/rand"
	"strings"
)

// tempPrefix begins the names of temporary files during writes; the writes of
// package runtime use the same prefix.
const tempPrefix = ".pygent-"

// tempName returns a new random name, so that nobody can guess it and put a
// file there.
func tempName() string { return tempPrefix + rand.Text() }

// isTemp reports whether a name is such a name: these files are no part of the
// workspace.
func isTemp(name string) bool {
	random, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(random) == len(rand.Text()) && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
