package agent

import (
	"fmt"
	"sync"
)

// MaxPrompt bounds a prompt with its context, in bytes.
const MaxPrompt = 8 << 20

// maxWaitingBytes bounds the prompts that wait for their own turn, or for the
// next model round of a running one, over all sessions of a connection. It is
// eight times MaxPrompt.
const maxWaitingBytes = 8 * MaxPrompt

// QueuedBytes counts the bytes of the waiting prompts. The zero value is empty;
// nil counts nothing.
type QueuedBytes struct {
	mu    sync.Mutex
	bytes int
}

// Add counts a prompt, or refuses it.
func (q *QueuedBytes) Add(n int) error {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes+n > maxWaitingBytes {
		return fmt.Errorf("%w: prompts of %d MiB already wait in the sessions of this connection, of at most %d MiB; wait until a turn has taken some",
			ErrBusy, q.bytes>>20, maxWaitingBytes>>20)
	}
	q.bytes += n
	return nil
}

// Remove subtracts a prompt that Add has counted.
func (q *QueuedBytes) Remove(n int) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= n
}
