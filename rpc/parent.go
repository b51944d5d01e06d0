package rpc

import (
	"context"
	"time"
)

// parentPoll is how often the server checks that the client's process lives. The
// protocol allows two seconds.
const parentPoll = 500 * time.Millisecond

// waitParent waits for the death of the process pid and returns true. A process that is
// dead already counts too, as in the Language Server Protocol. It returns false when
// ctx ends.
func waitParent(ctx context.Context, pid int) bool {
	p, ok := findProcess(pid)
	if !ok {
		return true
	}
	defer p.close()
	tick := time.NewTicker(parentPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
			if !p.alive() {
				return true
			}
		}
	}
}
