package docker

import (
	"context"
	"sync"
)

// gate counts the commands inside one container, and keeps newcomers out while
// everything in the container is being killed.
//
// Only the kill of all processes reaches one that has left its command without
// a trace (cleared environment, own session), and it reaches everyone. So it
// is done when exactly one command is inside, its own; that a trace-less
// process may still be there is remembered until then.
type gate struct {
	mu     sync.Mutex
	inside int
	dirty  bool          // a process that no command can claim may be left
	shut   chan struct{} // not nil while shut; closed when the gate opens again
}

// enter waits until the gate is open, then counts the caller in.
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

// shutIfAlone shuts the gate when the caller is the only one inside, and says
// whether it did. The caller then opens it.
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

// open lets newcomers in again, after everything inside was killed.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dirty = false
	close(g.shut)
	g.shut = nil
}

// leave counts the caller out. When it is the last one and an unclaimed
// process may be left, it stays inside instead, the gate is shut, and leave
// returns false: the caller cleans, opens, and leaves again.
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
