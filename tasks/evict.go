package tasks

import (
	"context"

	"github.com/pygent/pygent/runtime"
)

// evict takes the oldest ended tasks over the cap off the list. The caller holds
// m.mu.
func (m *Manager) evict() []*task {
	var ended []*task
	for _, id := range m.order {
		if t := m.tasks[id]; t.ended() {
			ended = append(ended, t)
		}
	}
	evicted := ended[:max(0, len(ended)-maxEnded)]
	for _, t := range evicted {
		m.forget(t.id)
	}
	return evicted
}

// discard removes what evicted tasks have left.
func (m *Manager) discard(evicted []*task) {
	for _, t := range evicted {
		_ = cleanup(t.runtime) // its leftovers are no fault of the request that evicted it
		m.mu.Lock()
		m.leave()
		m.mu.Unlock()
	}
}

// cleanup removes a runtime within a bound of its own.
func cleanup(rt *runtime.Runtime) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return rt.Cleanup(ctx)
}
