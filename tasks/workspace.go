package tasks

import (
	"fmt"

	"github.com/pygent/pygent/runtime"
)

// Workspace returns the workspace of a task. While the task runs, the error wraps
// ErrRunning, because its changes are known only at its end.
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
