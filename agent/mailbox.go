package agent

import (
	"fmt"
	"sync"
)

// maxSteered bounds the prompts that wait for the next model round of a turn.
const maxSteered = 16

// mailbox holds what is said to a turn while it runs. It is open from the moment
// the turn has the session until the turn's end is decided. A nil mailbox is
// always closed.
type mailbox struct {
	mu     sync.Mutex
	closed bool
	list   []string
}

// put leaves a prompt; ok is false when the turn takes no more.
func (m *mailbox) put(prompt string) (ok bool, err error) {
	if m == nil {
		return false, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return false, nil
	case len(m.list) >= maxSteered:
		return false, fmt.Errorf("%w: %d prompts already wait for the turn's next model round", ErrBusy, maxSteered)
	}
	m.list = append(m.list, prompt)
	return true, nil
}

// take empties the mailbox and opens or closes it.
func (m *mailbox) take(closed bool) []string {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.list
	m.list, m.closed = nil, closed
	return list
}
