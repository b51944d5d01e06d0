package tasks

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
)

// Restored is a task of an earlier server. Its workspace is lost.
type Restored struct {
	TaskID    string
	SessionID string // of its agent
	Name      string
	Prompt    string
	StartedAt time.Time
	EndedAt   time.Time
	Outcome   Outcome         // of its last turn; interrupted for one without an end
	Asked     *event.Approval // the approval that was open when it was interrupted; nil for none

	// The bounds of each of its turns. A timeout of 0 is this server's default.
	StepTimeoutSeconds float64
	Limits             event.Limits
}

// RestoredOf makes tasks from their kept sessions.
func RestoredOf(children []session.Child) []Restored {
	var list []Restored
	for _, c := range children {
		h := c.Header
		r := Restored{
			TaskID: h.TaskID, SessionID: h.SessionID, Name: h.Name, Prompt: h.Prompt,
			StartedAt: h.CreatedAt, EndedAt: c.Updated.UTC(),
			Outcome:            Outcome{State: StateInterrupted},
			Asked:              c.Asked,
			StepTimeoutSeconds: h.Bounds.StepTimeoutSeconds,
			Limits:             event.Limits{TimeoutSeconds: h.Bounds.TurnTimeoutSeconds, Tokens: h.Bounds.Tokens, CostUSD: h.Bounds.CostUSD},
		}
		if e := c.Last; e != nil {
			r.EndedAt = e.Time
			r.Outcome = Outcome{State: StateOf(e.Status), Question: e.Question, Text: e.Text, Steps: e.Steps, Changes: e.Changes}
			if e.Usage != nil {
				r.Outcome.Usage = *e.Usage
			}
			if e.Reason != "" {
				r.Outcome.Err = errors.New(e.Reason)
			}
		}
		list = append(list, r)
	}
	return list
}

// Restore lists the tasks that a resumed session delegated. Known tasks stay
// unchanged; of too many, the newest are listed. Their revisions begin at 1, or
// above those of all tasks that this manager has forgotten, because a restored
// task may be one of these.
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
		if t := m.tasks[r.TaskID]; t != nil && t.outdated(r) {
			m.forget(r.TaskID)
			room++
		}
		if r.TaskID == "" || m.tasks[r.TaskID] != nil {
			continue
		}
		status := statusText(r.Outcome)
		if r.Asked != nil {
			status = statusAsks
		}
		if t := m.restored(parentSessionID, r); t.enter(r.Outcome.State, status) {
			t.endedAt(r.EndedAt)
			t.task.Revision = m.forgotten + 1
			m.tasks[r.TaskID] = t
			m.order = slices.Insert(m.order, 0, r.TaskID) // older than all tasks in the list
			room--
		}
	}
}

// outdated reports whether a restored task still asks for an approval that another
// server has closed since.
func (t *task) outdated(r Restored) bool {
	return t.ended() && t.asks != nil && (r.Asked == nil || r.Asked.RequestKey != t.asks.RequestKey)
}

func (m *Manager) restored(parentSessionID string, r Restored) *task {
	out := r.Outcome
	t := &task{
		job: Assignment{
			TaskID: r.TaskID, SessionID: r.SessionID, ParentSessionID: parentSessionID,
			Name: r.Name, Task: r.Prompt, Limits: r.Limits,
			StepTimeoutSeconds: cmp.Or(r.StepTimeoutSeconds, m.opts.StepTimeout.Seconds()),
		},
		asks: r.Asked,
		done: make(chan struct{}),
		task: Task{
			TaskID: r.TaskID, Name: r.Name, Prompt: r.Prompt, SessionID: r.SessionID, StartedAt: r.StartedAt,
			Steps: out.Steps, Text: shorten(out.Text, maxText), Question: out.Question, Usage: out.Usage, Changes: out.Changes,
		},
	}
	t.job.Limits.TimeoutSeconds = cmp.Or(r.Limits.TimeoutSeconds, m.opts.TaskTimeout.Seconds())
	close(t.done)
	if t.task.Changes == nil {
		t.task.Changes = []runtime.Change{}
	}
	if out.Err != nil {
		t.task.Error = errorText(out)
	}
	return t
}

// endedAt sets the end time of an ended task.
func (t *task) endedAt(at time.Time) {
	if t.task.EndedAt != nil {
		t.task.EndedAt = &at
	}
}
