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

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

// op is one operation on a manager; task is the n-th that was started.
type op struct {
	What string
	Task int
}

// ends are the answers that a turn can give, valid or not; "panic" panics.
var ends = []string{"finished", "waiting", "failed", "timeout", "stepLimit", "budget", "running", "queued", "interrupted", "odd", "", "panic"}

// happens draws the next operation; those that end most are rare.
func happens(rt *rapid.T) op {
	whats := append([]string{
		"start", "start", "start", "start", "start", "start", "send", "send", "send", "send", "send", "send",
		"finished", "finished", "finished", "finished", "waiting", "waiting", "waiting", "cancel", "cancel", "cancel", "race", "race", "remove",
		"sessionClose",
	}, ends...)
	if rapid.IntRange(0, 50).Draw(rt, "rare") == 50 {
		whats = []string{"close", "sessionDelete"}
	}
	return op{rapid.SampledFrom(whats).Draw(rt, "what"), rapid.IntRange(0, 5).Draw(rt, "task")}
}

// Any order of operations gives each turn of a task exactly one end, which is
// reported once; slots are released and go to waiting turns, and neither a
// workspace nor a goroutine is left (a goroutine would deadlock the bubble).
func TestEveryOrderGivesEachTurnOneEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 3).Draw(rt, "limit")
		var ops []op // not rapid's slice, which is mostly short
		for range rapid.IntRange(1, 60).Draw(rt, "length") {
			ops = append(ops, happens(rt))
		}
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

// world is a manager and its expected state.
type world struct {
	m        *tasks.Manager
	sessions *session.Manager
	session  string // the id of the one that delegates
	limit    int

	mu       sync.Mutex
	finish   map[string]chan string // by task id: how its running turn is to end
	told     map[string][]tasks.State
	seen     reports
	runtimes []*runtime.Runtime

	ids    []string        // started, removed ones included
	gone   map[string]bool // removed
	turns  map[string]int  // begun
	closed bool
	faults []string
}

func newWorld(t testing.TB, limit int) *world {
	t.Helper()
	w := &world{
		limit: limit, finish: map[string]chan string{}, told: map[string][]tasks.State{},
		gone: map[string]bool{}, turns: map[string]int{},
	}
	w.sessions = session.NewManager(context.Background(), session.Options{
		New: func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			rt, err := tempRuntime(nil)
			return agent.New(agenttest.Script(), agenttest.Registry(t), rt, agent.Options{SessionID: spec.SessionID}), err
		},
	})
	at, err := w.sessions.Place(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	w.session = at.SessionID
	w.m = tasks.NewManager(context.Background(), tasks.Options{
		Max:      limit,
		Sessions: w.sessions,
		Backend: inprocess.New(inprocess.Options{
			Runner:     runnerFunc(w.run),
			NewRuntime: func(_ context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) { return w.newRuntime(ws) },
		}),
		Changed: func(task tasks.Task) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told[task.TaskID] = append(w.told[task.TaskID], task.State)
			if n := len(w.told[task.TaskID]); w.seen.add(task) != int64(n) {
				w.fault("change %d of %s has revision %d", n, task.TaskID, task.Revision)
			}
		},
	})
	return w
}

func (w *world) newRuntime(ws *runtime.Workspace) (*runtime.Runtime, error) {
	rt, err := tempRuntime(ws)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runtimes = append(w.runtimes, rt)
	return rt, err
}

func tempRuntime(ws *runtime.Workspace) (*runtime.Runtime, error) {
	if ws == nil {
		var err error
		if ws, err = runtime.TempWorkspace(); err != nil {
			return nil, err
		}
	}
	return runtime.New(ws, runtimetest.NewFake(nil, nil), runtime.Options{}), nil
}

func (w *world) run(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
	if err := turn.Runtime.Workspace().Check(); err != nil {
		return tasks.Outcome{State: tasks.StateFailed, Err: err}
	}
	end := make(chan string, 1)
	w.mu.Lock()
	w.finish[turn.TaskID] = end
	w.mu.Unlock()
	select {
	case state := <-end:
		if state == "panic" {
			panic("oh dear")
		}
		return tasks.Outcome{State: tasks.State(state)}
	case <-ctx.Done():
		return tasks.Outcome{State: tasks.StateCancelled, Err: context.Cause(ctx)}
	}
}

func (w *world) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// states returns the states of the tasks; nothing runs when it is called.
func (w *world) states() map[string]tasks.State {
	list, _ := w.m.List(context.Background(), tasks.ListParams{})
	now := map[string]tasks.State{}
	for _, t := range list.Tasks {
		now[t.TaskID] = t.State
		w.seen.add(t)
	}
	return now
}

func active(s tasks.State) bool { return s == tasks.StateRunning || s == tasks.StateQueued }

func (w *world) do(o op) {
	switch o.What {
	case "start":
		w.start()
		return
	case "close":
		w.close()
		return
	case "sessionClose":
		if _, err := w.m.CancelOf(context.Background(), w.session); err != nil {
			w.fault("close of the session: %v", err)
		}
		for id, s := range w.states() {
			if active(s) {
				w.fault("%s is %s after its session was closed", id, s)
			}
		}
		return
	case "sessionDelete":
		if err := w.m.RemoveOf(context.Background(), w.session); err != nil {
			w.fault("delete of the session: %v", err)
		}
		for _, id := range w.ids {
			w.gone[id] = true
		}
		return
	}
	if n := len(w.ids); n > 0 {
		w.doTo(w.ids[o.Task%n], o.What)
	}
}

func (w *world) doTo(id, what string) {
	before := w.states()[id]
	params := tasks.TaskParams{TaskID: id}
	switch what {
	case "send":
		w.send(id, before)
	case "cancel":
		task, err := w.m.Cancel(context.Background(), params)
		if err == nil && task.EndedAt == nil {
			w.fault("cancel answered %+v", task)
		}
	case "remove":
		_, err := w.m.Remove(context.Background(), params)
		if errors.Is(err, tasks.ErrRunning) != active(before) {
			w.fault("remove of a task that is %q: %v", before, err)
		}
		w.gone[id] = w.gone[id] || err == nil
	case "race": // its end, a cancel and a further turn at once
		var all sync.WaitGroup
		var sent error
		all.Go(func() { w.tryEnd(id, "finished") })
		all.Go(func() { _, _ = w.m.Cancel(context.Background(), params) })
		all.Go(func() { _, sent = w.m.Send(context.Background(), tasks.SendParams{TaskID: id, Prompt: "more"}) })
		all.Wait()
		if sent == nil {
			w.turns[id]++
		}
	default:
		w.tryEnd(id, what)
	}
}

// tryEnd lets a running turn end; a turn that was told to end already stays as it
// is.
func (w *world) tryEnd(id, state string) {
	w.mu.Lock()
	end := w.finish[id]
	w.mu.Unlock()
	select {
	case end <- state:
	default:
	}
}

func (w *world) start() {
	now := w.states()
	busy := 0
	for _, s := range now {
		if s == tasks.StateRunning {
			busy++
		}
	}
	res, err := w.m.Start(context.Background(), tasks.StartParams{Prompt: "go"})
	switch {
	case w.closed:
		if !errors.Is(err, context.Canceled) {
			w.fault("a start after Close: %v", err)
		}
	case busy >= w.limit:
		if !errors.Is(err, tasks.ErrLimit) {
			w.fault("a start beside %d tasks: %v", busy, err)
		}
	case err != nil:
		w.fault("a start beside %d tasks of %d: %v", busy, w.limit, err)
	default:
		w.ids = append(w.ids, res.TaskID)
		w.turns[res.TaskID] = 1
	}
}

func (w *world) send(id string, before tasks.State) {
	res, err := w.m.Send(context.Background(), tasks.SendParams{TaskID: id, Prompt: "more"})
	var want error
	switch {
	case w.gone[id]:
		want = tasks.ErrNotFound
	case w.closed:
		want = context.Canceled
	case active(before):
		want = tasks.ErrBusy
	}
	if !errors.Is(err, want) {
		w.fault("a prompt to a task that is %q: %v, want %v", before, err, want)
	}
	if err == nil {
		w.turns[id]++
		if !active(res.State) {
			w.fault("a prompt was answered %+v", res)
		}
	}
}

func (w *world) close() {
	if err := w.m.Close(context.Background()); err != nil {
		w.fault("Close: %v", err)
	}
	if err := w.sessions.Close(context.Background()); err != nil {
		w.fault("Close of the sessions: %v", err)
	}
	w.closed = true
	w.check()
	for _, rt := range w.runtimes {
		if rt.Workspace().Check() == nil {
			w.fault("the workspace %s is left", rt.Workspace().Dir())
		}
	}
}

// check compares what was reported, and the states of the tasks, with the
// expected ones.
func (w *world) check() {
	now := w.states()
	running, queued := 0, 0
	for _, s := range now {
		if s == tasks.StateRunning {
			running++
		}
		if s == tasks.StateQueued {
			queued++
		}
	}
	if running > w.limit || queued > 0 && running < w.limit || w.closed && running+queued > 0 {
		w.fault("%d tasks run and %d are queued, closed %v", running, queued, w.closed)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, two := range w.seen.diff {
		w.fault("two reports of one revision: %s", two)
	}
	for _, id := range w.ids {
		state, there := now[id]
		if there == w.gone[id] {
			w.fault("task %s, removed %v, is listed %v", id, w.gone[id], there)
		}
		if fault := wrongStates(w.told[id], w.turns[id], state); fault != "" {
			w.fault("task %s was told as %q: %s", id, w.told[id], fault)
		}
	}
}

// wrongStates says what is wrong with the reported states of a task, "" when
// nothing is. now is its state, "" when it was removed.
func wrongStates(told []tasks.State, turns int, now tasks.State) string {
	ended := []tasks.State{
		tasks.StateFinished, tasks.StateFailed, tasks.StateTimeout, tasks.StateStepLimit, tasks.StateBudget, tasks.StateCancelled,
	}
	begun, last := 0, tasks.State("")
	for i, s := range told {
		switch {
		case s == tasks.StateQueued:
			begun++
			if i == 0 || active(last) {
				return "queued after " + string(last)
			}
		case s == tasks.StateRunning:
			if last != tasks.StateQueued {
				begun++
			}
			if last == tasks.StateRunning {
				return "running twice"
			}
		case last == tasks.StateQueued:
			if s != tasks.StateCancelled {
				return "a queued turn ended as " + string(s)
			}
		case last == tasks.StateWaiting:
			if s != tasks.StateCancelled {
				return "an end after waiting"
			}
		case last != tasks.StateRunning:
			return "an end without a turn"
		case s != tasks.StateWaiting && !slices.Contains(ended, s):
			return "no end at all: " + string(s)
		}
		last = s
	}
	switch {
	case begun != turns:
		return fmt.Sprintf("%d turns began", turns)
	case now == "" && active(last):
		return "it was removed before it ended"
	case now != "" && now != last:
		return "it is " + string(now)
	}
	return ""
}
