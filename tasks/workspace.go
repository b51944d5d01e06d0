package tasks

import (
	"fmt"

	"github.com/pygent/pygent/runtime"
)

// Workspace is where a task has worked. While it works, that is an error which
// wraps ErrRunning: what it changes is known when it has ended.
func (m *Manager) Workspace(taskID string) (*runtime.Workspace, error) {
	m.mu.Lock()
	t, err := m.find(taskID)
	running := err == nil && !t.ended()
	m.mu.Unlock()
	if running {
		err = fmt.Errorf("%w: wait for task %s, or cancel it", ErrRunning, taskID)
	}
	if err != nil {
		return nil, err
	}
	rt, err := m.runtimeOf(taskID)
	if err != nil {
		return nil, err
	}
	return rt.Workspace(), nil
}

// Protected tells whether a path of a task's workspace comes back only when it is
// named.
func Protected(path string) bool { return protected(path) != "" }
