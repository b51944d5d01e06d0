// Package output keeps the whole text of results that are too long for the model,
// and renders the output of commands as a terminal would leave it.
package output

// Store holds kept outputs of one session. It is safe for concurrent use. A nil
// Store keeps nothing.
type Store struct{ dir string }

// NewStore makes a store in the host directory dir, which is made when it is needed.
func NewStore(dir string) *Store { return &Store{dir} }
