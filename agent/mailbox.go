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
	waiting *waitingRoom // counts what waits; set before the turn has the session

	mu     sync.Mutex
	closed bool
	list   []string
	dirty  []string // of the last letter that tells of such files; nil: none did
}

// letter is what is said to a turn.
type letter struct {
	prompt string
	dirty  []string // clean paths; nil: nothing is said of them
}

// put leaves a prompt; ok is false when the turn takes no more. Before the turn can
// hear it keep is called: where that fails it is not left.
func (m *mailbox) put(l letter, keep func() error) (ok bool, err error) {
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
	if err := m.waiting.enter(len(l.prompt)); err != nil {
		return false, err
	}
	if err := keep(); err != nil {
		m.waiting.leave(len(l.prompt))
		return false, err
	}
	m.list = append(m.list, l.prompt)
	if l.dirty != nil {
		m.dirty = l.dirty
	}
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
	for _, prompt := range list {
		m.waiting.leave(len(prompt))
	}
	m.list, m.closed = nil, closed
	return list
}

// dirtyFiles are the files that must not be written because of what was said, heard
// or not; nil: nothing was said of any.
func (m *mailbox) dirtyFiles() []string {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dirty
}
