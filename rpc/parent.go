package rpc

import (
	"context"
	"time"
)

// parentPoll is how often the client's process is looked for; the protocol
// allows two seconds.
const parentPoll = 500 * time.Millisecond

// waitParent returns true when the process pid has died, also when it was dead
// before, as the language server protocol wants it; false when ctx ends.
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
