package tasks

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// ListParams are the parameters of tasks/list.
type ListParams struct {
	State State `json:"state,omitempty" jsonschema:"only tasks in this state"`
}

// ListResult lists tasks, the oldest first.
type ListResult struct {
	Tasks []Task `json:"tasks"`
}

// List serves tasks/list. Long texts are shortened; Status returns them whole.
func (m *Manager) List(_ context.Context, p ListParams) (ListResult, error) {
	if p.State != "" && !slices.Contains(states(), p.State) {
		return ListResult{}, &runtime.InvalidError{Field: "state", Reason: fmt.Sprintf("%.200q is no state of a task; give %s", p.State, stateNames())}
	}
	res := ListResult{Tasks: []Task{}}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range m.order {
		if v := brief(m.tasks[id].task); p.State == "" || v.State == p.State {
			res.Tasks = append(res.Tasks, v)
		}
	}
	return res, nil
}

// WaitParams are the parameters of tasks/wait.
type WaitParams struct {
	TaskIDs        []string `json:"taskIds,omitempty" jsonschema:"absent: all tasks that run or are queued now"`
	Mode           string   `json:"mode,omitempty" jsonschema:"all (default) or any"`
	TimeoutSeconds *float64 `json:"timeoutSeconds,omitempty" jsonschema:"absent: no bound; 0: answer at once"`
}

// WaitResult says which tasks have ended, or wait for an answer, and which
// continue.
type WaitResult struct {
	Done    []Task `json:"done" jsonschema:"tasks that have ended or wait for an answer"`
	Pending []Task `json:"pending" jsonschema:"tasks that still run or are queued"`
}

// Wait serves tasks/wait: it answers when all of the tasks, or with mode any at
// least one, have ended or wait for an answer. It also answers when the time is
// up, which is not an error.
func (m *Manager) Wait(ctx context.Context, p WaitParams) (WaitResult, error) {
	if p.Mode != "" && p.Mode != "all" && p.Mode != "any" {
		return WaitResult{}, &runtime.InvalidError{Field: "mode", Reason: fmt.Sprintf("%q: give \"all\" or \"any\"", p.Mode)}
	}
	list, err := m.waitFor(p.TaskIDs)
	if err != nil {
		return WaitResult{}, err
	}
	var timeout <-chan time.Time
	if s := p.TimeoutSeconds; s != nil {
		if !(*s >= 0 && *s <= maxTimeout.Seconds()) { // written so that NaN is refused
			return WaitResult{}, &runtime.InvalidError{Field: "timeoutSeconds", Reason: fmt.Sprintf("%g: give seconds, from 0 (answer at once) to %.0f", *s, maxTimeout.Seconds())}
		}
		timer := time.NewTimer(event.Duration(*s))
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		m.mu.Lock()
		changed, res := m.changed, split(list)
		m.mu.Unlock()
		if len(res.Pending) == 0 || p.Mode == "any" && len(res.Done) > 0 {
			return res, nil
		}
		select {
		case <-changed:
		case <-timeout:
			return res, nil
		case <-ctx.Done():
			return WaitResult{}, context.Cause(ctx)
		}
	}
}

func (m *Manager) waitFor(ids []string) ([]*task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*task
	for _, id := range ids {
		t, err := m.find(id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	if len(ids) > 0 {
		return list, nil
	}
	for _, id := range m.order {
		if t := m.tasks[id]; !t.ended() {
			list = append(list, t)
		}
	}
	return list, nil
}

// split is called with Manager.mu held.
func split(list []*task) WaitResult {
	res := WaitResult{Done: []Task{}, Pending: []Task{}}
	for _, t := range list {
		if t.ended() {
			res.Done = append(res.Done, brief(t.task))
		} else {
			res.Pending = append(res.Pending, brief(t.task))
		}
	}
	return res
}
