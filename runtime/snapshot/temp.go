package snapshot

import (
	"crypto/rand"
	"strings"
)

// tempPrefix begins the names of files that exist only while something is
// written; the workspace's own writes use the same.
const tempPrefix = ".pygent-"

// tempName makes up a name that nobody can guess and put something at.
func tempName() string { return tempPrefix + rand.Text() }

// isTemp recognises such names: they are no part of the workspace.
func isTemp(name string) bool {
	random, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(random) == len(rand.Text()) && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
