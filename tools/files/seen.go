// Package files remembers which content of which file the model has seen, so that
// an edit of a file that changed since is refused.
package files

// Seen is what the model has seen of the files of a session. It is safe for
// concurrent use. A nil Seen knows nothing.
type Seen struct{}

// New makes an empty Seen.
func New() *Seen { return &Seen{} }
