package docker

import (
	"context"
	"sync"
)

// gate counts the commands inside one container, and blocks new ones while all
// processes in the container are killed.
//
// A process that has cleared its environment and has a session of its own
// belongs to no known command. Only a kill of all processes ends it, and that
// kill ends every command. So it is done only when exactly one command is
// inside; until then the gate records that such a process may exist.
type gate struct {
	mu     sync.Mutex
	inside int
	dirty  bool          // a process of unknown owner may be left
	shut   chan struct{} // not nil while shut; closed when the gate opens again
}

// enter waits until the gate is open, then counts the caller.
func (g *gate) enter(ctx context.Context, gone <-chan struct{}) error {
	for {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			g.inside++
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-gone:
			return errGone
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// shutIfAlone shuts the gate if the caller is the only one inside, and reports
// whether it did. Then the caller opens it.
func (g *gate) shutIfAlone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shutLocked()
}

func (g *gate) shutLocked() bool {
	if g.inside != 1 || g.shut != nil {
		return false
	}
	g.shut = make(chan struct{})
	return true
}

// open admits commands again, after all processes inside were killed.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dirty = false
	close(g.shut)
	g.shut = nil
}

// leave ends the caller's count. If the caller is the last one and a process of
// unknown owner may be left, leave keeps the count, shuts the gate and returns
// false: the caller kills all processes, opens the gate, and leaves again.
func (g *gate) leave(dirty bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dirty = g.dirty || dirty
	if g.dirty && g.shutLocked() {
		return false
	}
	g.inside--
	return true
}
