package tasks

import (
	"context"
	"fmt"
	"slices"
)

// reserve takes a slot under the lock, so that concurrent callers cannot exceed
// the limit.
func (m *Manager) reserve() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosing()
	}
	if m.slots >= m.opts.Max {
		return fmt.Errorf("%w: max %d tasks reached; wait for one, cancel one or raise PYGENT_MAX_TASKS", ErrLimit, m.opts.Max)
	}
	m.slots++
	m.live++
	return nil
}

// release returns a slot that reserve took, when nothing was started.
func (m *Manager) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeSlot()
	m.leave()
}

// freeSlot gives a slot to the next queued turn. The caller holds m.mu.
func (m *Manager) freeSlot() {
	m.slots--
	if len(m.queue) > 0 && m.slots < m.opts.Max {
		m.slots++
		close(m.queue[0].slot)
		m.queue = slices.Delete(m.queue, 0, 1)
	}
}

// takeSlot waits for a turn's slot; it returns false when the turn was cancelled
// first.
func (m *Manager) takeSlot(tn *turn) bool {
	if tn.told.State == StateRunning {
		return true
	}
	select {
	case <-tn.slot:
	case <-tn.ctx.Done():
	}
	m.mu.Lock()
	if i := slices.Index(m.queue, tn); i >= 0 {
		m.queue = slices.Delete(m.queue, i, i+1)
		m.mu.Unlock()
		return false
	}
	tn.enter(StateRunning, string(StateRunning))
	told := tn.change()
	m.mu.Unlock()
	m.report(told)
	return true
}

func errClosing() error { return fmt.Errorf("%w: the server is shutting down", context.Canceled) }
