package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
)

// op is one thing that happens to a manager; task is the n-th that was started.
type op struct {
	What string
	Task int
}

// ends are what a job can answer, valid or not; "panic" panics.
var ends = []string{tasks.StateFinished, tasks.StateFailed, tasks.StateTimeout, tasks.StateStepLimit, tasks.StateBudget, tasks.StateRunning, "", "panic"}

// Any order of what can happen gives each task exactly one end, which is told
// once; slots come back, and neither a workspace nor a goroutine is left (a
// goroutine would be a deadlock of the bubble).
func TestEveryOrderGivesEachTaskOneEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 3).Draw(rt, "limit")
		ops := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) op {
			what := rapid.SampledFrom(append([]string{"start", "start", "start", "cancel", "cancel", "remove", "race", "close"}, ends...)).Draw(rt, "what")
			return op{what, rapid.IntRange(0, 5).Draw(rt, "task")}
		}), 1, 25).Draw(rt, "ops")
		var faults []string
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, limit)
			for _, o := range ops {
				w.do(o)
				synctest.Wait()
				w.check()
			}
			w.close()
			faults = w.faults
		})
		for _, f := range faults {
			rt.Error(f)
		}
	})
}

// world is a manager and what should be true of it.
type world struct {
	t     *testing.T
	m     *tasks.Manager
	limit int

	mu       sync.Mutex
	finish   map[string]chan string // by task id: how its job is to end
	told     map[string][]string
	runtimes []*runtime.Runtime

	ids    []string        // started, removed ones included
	live   map[string]bool // by id
	closed bool
	faults []string
}

func newWorld(t *testing.T, limit int) *world {
	w := &world{t: t, limit: limit, finish: map[string]chan string{}, told: map[string][]string{}, live: map[string]bool{}}
	w.m = tasks.NewManager(context.Background(), tasks.Options{
		Max:        limit,
		Runner:     runnerFunc(w.run),
		Parent:     func(context.Context, string) (*runtime.Runtime, error) { return nil, nil },
		NewRuntime: func(context.Context) (*runtime.Runtime, error) { return w.newRuntime() },
		Changed: func(task tasks.Task) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told[task.TaskID] = append(w.told[task.TaskID], task.State)
		},
	})
	return w
}

func (w *world) newRuntime() (*runtime.Runtime, error) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		return nil, err
	}
	rt := runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runtimes = append(w.runtimes, rt)
	return rt, nil
}

func (w *world) end(id string) chan string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finish[id] == nil {
		w.finish[id] = make(chan string, 1)
	}
	return w.finish[id]
}

func (w *world) run(ctx context.Context, job tasks.Job) tasks.Outcome {
	select {
	case state := <-w.end(job.TaskID):
		if state == "panic" {
			panic("oh dear")
		}
		return tasks.Outcome{State: state}
	case <-ctx.Done():
		return tasks.Outcome{State: tasks.StateCancelled, Err: context.Cause(ctx)}
	}
}

func (w *world) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

func (w *world) do(o op) {
	switch {
	case o.What == "start":
		w.start()
		return
	case o.What == "close":
		w.close()
		return
	case o.Task >= len(w.ids):
		return
	}
	id := w.ids[o.Task]
	params := tasks.TaskParams{TaskID: id}
	switch o.What {
	case "cancel":
		task, err := w.m.Cancel(context.Background(), params)
		if err == nil && task.EndedAt == nil {
			w.fault("cancel answered %+v", task)
		}
		delete(w.live, id)
	case "remove":
		_, err := w.m.Remove(context.Background(), params)
		if errors.Is(err, tasks.ErrRunning) != w.live[id] {
			w.fault("remove of a task that lives (%v): %v", w.live[id], err)
		}
	case "race": // its end, a cancel and another start at once
		var all sync.WaitGroup
		all.Go(func() { w.tryEnd(id, tasks.StateFinished) })
		all.Go(func() { _, _ = w.m.Cancel(context.Background(), params) })
		all.Wait()
		delete(w.live, id)
	default:
		w.tryEnd(id, o.What)
		delete(w.live, id)
	}
}

// tryEnd lets a job end; one that was told already stays as it is.
func (w *world) tryEnd(id, state string) {
	select {
	case w.end(id) <- state:
	default:
	}
}

func (w *world) start() {
	res, err := w.m.Start(context.Background(), tasks.StartParams{Prompt: "go"})
	switch {
	case w.closed:
		if !errors.Is(err, context.Canceled) {
			w.fault("a start after Close: %v", err)
		}
	case len(w.live) >= w.limit:
		if !errors.Is(err, tasks.ErrLimit) {
			w.fault("a start beside %d tasks: %v", len(w.live), err)
		}
	case err != nil:
		w.fault("a start beside %d tasks of %d: %v", len(w.live), w.limit, err)
	default:
		w.ids = append(w.ids, res.TaskID)
		w.live[res.TaskID] = true
	}
}

func (w *world) close() {
	if err := w.m.Close(context.Background()); err != nil {
		w.fault("Close: %v", err)
	}
	w.closed = true
	clear(w.live)
	w.check()
	for _, rt := range w.runtimes {
		if rt.Workspace().Check() == nil {
			w.fault("the workspace %s is left", rt.Workspace().Dir())
		}
	}
}

// check compares what was told with what should be.
func (w *world) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	terminal := []string{tasks.StateFinished, tasks.StateFailed, tasks.StateTimeout, tasks.StateStepLimit, tasks.StateBudget, tasks.StateCancelled}
	for _, id := range w.ids {
		told := w.told[id]
		if len(told) == 0 || told[0] != tasks.StateRunning {
			w.fault("task %s was told as %q", id, told)
			continue
		}
		want := 2
		if w.live[id] {
			want = 1
		}
		if len(told) != want || want == 2 && !slices.Contains(terminal, told[1]) {
			w.fault("task %s, live %v, was told as %q", id, w.live[id], told)
		}
	}
}
