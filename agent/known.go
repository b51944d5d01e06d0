package agent

import (
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Bounds of the files whose state is remembered between turns.
const (
	maxKnown     = 200
	maxKnownFile = 1 << 20 // bytes: of a longer file only time and size count
)

// known remembers how turns left the files that they changed, so that the model
// hears what has changed since. It does not outlive the server.
type known map[string]left

// left is the state of a file at the end of a turn. The zero value is that of a
// file that did not exist.
type left struct {
	size int64
	time time.Time
	sum  [sha256.Size]byte
}

// leave remembers the state of the files that a turn has changed, and that of
// those known before: a later turn may have changed them too.
func (k *known) leave(ws *runtime.Workspace, changes []runtime.Change) {
	if *k == nil {
		*k = known{}
	}
	for path := range *k {
		(*k)[path] = look(ws, path, (*k)[path])
	}
	for _, c := range changes {
		for _, path := range []string{c.Path, c.From} {
			if path != "" && len(*k) < maxKnown {
				(*k)[path] = look(ws, path, left{})
			}
		}
	}
}

// changed returns the files whose content is another one than at the end of the
// last turn.
func (k known) changed(ws *runtime.Workspace) []string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(k)) {
		was := k[path]
		now := look(ws, path, was)
		if now.size != was.size || now.sum != was.sum || (now.time.IsZero() != was.time.IsZero()) || now.size > maxKnownFile && !now.time.Equal(was.time) {
			list = append(list, path)
		}
	}
	return list
}

// look reads the state of a file. A file with the time and size of before is taken
// for unchanged.
func look(ws *runtime.Workspace, path string, before left) left {
	info, err := ws.Stat(path)
	switch {
	case errors.Is(err, runtime.ErrNotFound):
		return left{}
	case err != nil:
		return before
	}
	now := left{size: info.Size(), time: info.ModTime()}
	if now.size == before.size && now.time.Equal(before.time) {
		return before
	}
	if now.size <= maxKnownFile {
		data, err := ws.ReadFile(path, maxKnownFile)
		if err != nil {
			return before
		}
		now.sum = sha256.Sum256(data)
	}
	return now
}
