package agent

import (
	"fmt"
	"sync"
)

// maxWaitingBytes bounds the prompts that wait for a turn of theirs, or for the
// next model round of a running one, over all sessions of a connection. It is
// eight of the longest.
const maxWaitingBytes = 8 * maxPrompt

// waitingRoom counts the bytes of the prompts that wait. The zero value is empty;
// nil counts nothing.
type waitingRoom struct {
	mu    sync.Mutex
	bytes int
}

// enter counts a prompt, or refuses it.
func (w *waitingRoom) enter(n int) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes+n > maxWaitingBytes {
		return fmt.Errorf("%w: prompts of %d MiB already wait in the sessions of this connection, of at most %d MiB; wait until a turn has taken some",
			ErrBusy, w.bytes>>20, maxWaitingBytes>>20)
	}
	w.bytes += n
	return nil
}

// leave takes a prompt out of the count that enter has put in.
func (w *waitingRoom) leave(n int) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes -= n
}
