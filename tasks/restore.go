package tasks

import (
	"cmp"
	"slices"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Restored is a task as an earlier server left it. Its workspace is gone.
type Restored struct {
	TaskID    string
	SessionID string // of its agent
	Name      string
	Prompt    string
	StartedAt time.Time
	EndedAt   time.Time
	Outcome   Outcome // of its last turn; interrupted for one without an end
	Asks      bool    // interrupted while its agent waited for the user's approval

	// What bounds each turn of it. A timeout of 0 is this server's default.
	StepTimeout time.Duration
	Timeout     time.Duration
	Tokens      int64
	CostUSD     float64
}

// Restore lists the tasks that a resumed session delegated. Those that are known
// stay as they are; of too many the newest are taken.
func (m *Manager) Restore(parentSessionID string, list []Restored) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Restored) int { return a.StartedAt.Compare(b.StartedAt) })
	m.mu.Lock()
	defer m.mu.Unlock()
	room := maxEnded
	for _, t := range m.tasks {
		if t.ended() {
			room--
		}
	}
	for _, r := range slices.Backward(list) {
		if room <= 0 || m.closed {
			return
		}
		if r.TaskID == "" || m.tasks[r.TaskID] != nil {
			continue
		}
		status := statusText(r.Outcome)
		if r.Asks {
			status = statusAsks
		}
		if t := m.restored(parentSessionID, r); t.enter(r.Outcome.State, status) {
			t.endedAt(r.EndedAt)
			m.tasks[r.TaskID] = t
			m.order = slices.Insert(m.order, 0, r.TaskID) // older than all that is there
			room--
		}
	}
}

func (m *Manager) restored(parentSessionID string, r Restored) *task {
	out := r.Outcome
	t := &task{
		job: Job{
			TaskID: r.TaskID, SessionID: r.SessionID, ParentSessionID: parentSessionID,
			Name: r.Name, Task: r.Prompt, Tokens: r.Tokens, CostUSD: r.CostUSD,
			StepTimeout: cmp.Or(r.StepTimeout, m.opts.StepTimeout), Timeout: cmp.Or(r.Timeout, m.opts.TaskTimeout),
		},
		asks: r.Asks,
		done: make(chan struct{}),
		task: Task{
			TaskID: r.TaskID, Name: r.Name, Prompt: r.Prompt, SessionID: r.SessionID, StartedAt: r.StartedAt,
			Steps: out.Steps, Text: shorten(out.Text, maxText), Question: out.Question, Usage: out.Usage, Changes: out.Changes,
		},
	}
	close(t.done)
	if t.task.Changes == nil {
		t.task.Changes = []runtime.Change{}
	}
	if out.Err != nil {
		t.task.Error = errorText(out)
	}
	return t
}

// endedAt sets when a task ended that has ended.
func (t *task) endedAt(at time.Time) {
	if t.task.EndedAt != nil {
		t.task.EndedAt = &at
	}
}
