package tasks_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

// reports holds every description of a task, from any source.
type reports struct {
	mu   sync.Mutex
	by   map[string]map[int64]string // by task and revision
	diff []string
}

// add notes a description of a task. It returns the revision.
func (h *reports) add(task tasks.Task) int64 {
	b, _ := json.Marshal(task) // plain values: cannot fail
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by == nil {
		h.by = map[string]map[int64]string{}
	}
	if h.by[task.TaskID] == nil {
		h.by[task.TaskID] = map[int64]string{}
	}
	switch was := h.by[task.TaskID][task.Revision]; was {
	case "":
		h.by[task.TaskID][task.Revision] = string(b)
	case string(b):
	default:
		h.diff = append(h.diff, was+" and "+string(b))
	}
	return task.Revision
}

// Every description of a task with the same revision is the same, no source goes
// back to an older one, and each change has the next revision.
func TestRevisions(t *testing.T) {
	const rounds = 300
	var seen reports
	f := setup(t, false, runnerFunc(func(_ context.Context, turn inprocess.Turn) tasks.Outcome {
		for i := range rounds {
			turn.Progress(tasks.Progress{Steps: i + 1, Usage: event.Usage{InputTokens: int64(i)}})
		}
		return tasks.Outcome{State: tasks.StateFinished, Text: "done", Steps: rounds}
	}), tasks.Options{})
	id := f.start(t, tasks.StartParams{})
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for _, ask := range []func() []tasks.Task{
		func() []tasks.Task {
			one, _ := f.Status(t.Context(), tasks.TaskParams{TaskID: id})
			return []tasks.Task{one}
		},
		func() []tasks.Task {
			list, _ := f.List(t.Context(), tasks.ListParams{})
			return list.Tasks
		},
		func() []tasks.Task {
			res, _ := f.Wait(t.Context(), tasks.WaitParams{TaskIDs: []string{id}, TimeoutSeconds: seconds(0)})
			return append(res.Done, res.Pending...)
		},
	} {
		readers.Go(func() {
			for last := int64(0); ; {
				for _, task := range ask() {
					now := seen.add(task)
					if now < last {
						t.Errorf("revision %d after %d", now, last)
					}
					last = now
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	f.ended(t, id)
	if _, err := f.Send(t.Context(), tasks.SendParams{TaskID: id, Prompt: "more"}); err != nil {
		t.Fatal(err)
	}
	last := f.ended(t, id)
	close(stop)
	readers.Wait()
	if last.Revision != 2*(rounds+2) {
		t.Errorf("revision %d after two turns with %d replies and two changes of state", last.Revision, 2*rounds)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, task := range f.changes {
		if seen.add(task) != int64(i+1) {
			t.Errorf("change %d has revision %d", i+1, task.Revision)
		}
	}
	if len(seen.diff) > 0 {
		t.Errorf("two reports of one revision: %s", seen.diff[0])
	}
}

// A restored task begins at revision 1; one that this manager has forgotten
// begins above its last revision.
func TestRestoredRevision(t *testing.T) {
	f := setup(t, false, finishing, tasks.Options{})
	status := func() tasks.Task {
		t.Helper()
		task, err := f.Status(t.Context(), tasks.TaskParams{TaskID: "task"})
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
	f.Restore(f.session, f.asking(t, "task"))
	if r := status().Revision; r != 1 {
		t.Errorf("restored at %d", r)
	}
	if _, err := f.Send(t.Context(), tasks.SendParams{TaskID: "task", Prompt: "more"}); err != nil {
		t.Fatal(err)
	}
	last := f.ended(t, "task").Revision
	if last != 3 {
		t.Errorf("revision %d after a turn", last)
	}
	if _, err := f.Remove(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil {
		t.Fatal(err)
	}
	f.Restore(f.session, f.asking(t, "task"))
	if r := status().Revision; r <= last {
		t.Errorf("restored again at %d, after %d", r, last)
	}
	if !slices.IsSortedFunc(f.changes, func(a, b tasks.Task) int { return int(a.Revision - b.Revision) }) {
		t.Errorf("%+v", f.changes)
	}
}
