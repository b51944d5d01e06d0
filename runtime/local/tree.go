package local

import (
	"crypto/rand"
	"sync/atomic"
)

// markerKey names the environment variable by which the processes of a command
// are recognised. Its value is random: a command cannot pass for another one.
const markerKey = "PYGENT_COMMAND"

// tree is the processes of one command: its shell and all that comes of it.
type tree struct {
	marker string
	killed atomic.Bool // the context ended before the shell did
	platformTree
}

func newTree() *tree { return &tree{marker: markerKey + "=" + rand.Text()} }

// mark is the environment entry that marks the tree's processes.
func (t *tree) mark() string { return t.marker }
