package agent

import (
	"crypto/sha256"
	"errors"
	"maps"
	"slices"

	"github.com/pygent/pygent/runtime"
)

// Bounds of the files whose content is remembered between turns, because each turn
// reads all of them twice.
const (
	maxKnown     = 200
	maxKnownFile = 256 << 10 // bytes; a longer one counts as unchanged
)

// known remembers how turns left the files that they changed, so that the model
// hears what has changed since. It does not outlive the server.
type known map[string]left

// left is a file at the end of a turn. The zero value is that of a file that is
// not there.
type left struct {
	there bool
	sum   [sha256.Size]byte // of its content
}

// leave remembers the files that a turn has changed, and those known before: it
// may have changed them too.
func (k *known) leave(ws *runtime.Workspace, changes []runtime.Change) {
	if *k == nil {
		*k = known{}
	}
	for path, was := range *k {
		(*k)[path] = was.now(ws, path)
	}
	for _, c := range changes {
		for _, path := range []string{c.Path, c.From} {
			if path != "" && len(*k) < maxKnown {
				(*k)[path] = left{}.now(ws, path)
			}
		}
	}
}

// changed returns the files that are not as the last turn left them, sorted.
func (k known) changed(ws *runtime.Workspace) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(k)), func(path string) bool { return k[path].now(ws, path) == k[path] })
}

// now reads a file again. What cannot be read counts as unchanged.
func (was left) now(ws *runtime.Workspace, path string) left {
	data, err := ws.ReadFile(path, maxKnownFile)
	switch {
	case err == nil:
		return left{true, sha256.Sum256(data)}
	case errors.Is(err, runtime.ErrNotFound):
		return left{}
	default:
		return was
	}
}
