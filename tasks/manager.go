package tasks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Errors of this package that callers tell apart.
var (
	ErrNotFound = errors.New("not found")
	ErrLimit    = errors.New("task limit reached")
	ErrRunning  = errors.New("the task is still running")
	ErrNested   = errors.New("nested delegation is not allowed")
)

// notFoundError reads as the reference has it.
type notFoundError struct{ id string }

func (e *notFoundError) Error() string { return "Task " + e.id + " not found" }
func (e *notFoundError) Unwrap() error { return ErrNotFound }

// DefaultMax is how many tasks run at a time when nothing else is said.
const DefaultMax = 3

// maxEnded is how many ended tasks, with their workspaces, are kept; the oldest
// give way.
const maxEnded = 64

// closeTimeout bounds the clean-up after a task, whose own context has ended.
const closeTimeout = 10 * time.Second

// Job is what a Runner gets to do.
type Job struct {
	TaskID      string
	SessionID   string // of the delegated agent, for its events
	Prompt      string
	Persona     string
	Model       string
	Runtime     *runtime.Runtime // the task's own; the manager cleans it up
	StepTimeout time.Duration    // 0 is no bound
	Tokens      int64            // 0 is no bound
	CostUSD     float64          // likewise
}

// Outcome is how a Job ended.
type Outcome struct {
	State   string // a terminal one
	Text    string
	Steps   int
	Usage   Usage
	Changes []runtime.Change
	Err     error // for failed and timeout
}

// Runner runs one delegated prompt to its end. It returns when nothing of it
// runs any more, soon after ctx has ended; context.Cause(ctx) tells a time limit
// (a *runtime.TimeoutError) from a cancel.
type Runner interface {
	Run(ctx context.Context, job Job) Outcome
}

// Options wire a Manager.
type Options struct {
	Runner Runner

	// Parent is the runtime of the session that starts a task or collects from
	// it; "" is the connection's own.
	Parent func(ctx context.Context, sessionID string) (*runtime.Runtime, error)

	// NewRuntime makes the empty runtime of a new task.
	NewRuntime func(ctx context.Context) (*runtime.Runtime, error)

	// Changed is told of every change of a task's state, in order for one task
	// and exactly once for its end, before Cancel, Wait and Close answer. It must
	// not call them. Long texts are shortened. May be nil.
	Changed func(Task)

	Max         int           // tasks at a time; 0 is DefaultMax
	StepTimeout time.Duration // default of tasks that do not say; 0 is no bound
	TaskTimeout time.Duration // likewise
	Personas    []string      // taken in turn by tasks that do not say
}

// Manager owns the tasks of a connection. It serves the protocol's methods
// about tasks and about their files.
type Manager struct {
	lifetime context.Context // tasks derive from it, never from a request
	stop     context.CancelFunc
	opts     Options

	mu       sync.Mutex
	tasks    map[string]*task
	order    []string // ids, oldest first
	slots    int      // tasks that run or are being started
	live     int      // goroutines of tasks and calls of Start, which Close waits for
	personas int      // given out so far
	closed   bool
	changed  chan struct{} // closed and replaced whenever live shrinks
}

// NewManager makes a manager whose tasks end with lifetime, at the latest with
// Close, which must be called. It panics when opts lacks one of the functions
// that are not optional.
func NewManager(lifetime context.Context, opts Options) *Manager {
	if opts.Runner == nil || opts.Parent == nil || opts.NewRuntime == nil {
		panic("tasks: NewManager needs Runner, Parent and NewRuntime")
	}
	if opts.Max == 0 {
		opts.Max = DefaultMax
	}
	lifetime, stop := context.WithCancel(lifetime)
	return &Manager{lifetime: lifetime, stop: stop, opts: opts, tasks: map[string]*task{}, changed: make(chan struct{})}
}

// Max is how many tasks run at a time.
func (m *Manager) Max() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opts.Max
}

// Tighten brings the limits of tasks to come down. A limit that is zero, or not
// below the present one, changes nothing.
func (m *Manager) Tighten(most int, stepTimeout, taskTimeout time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if most > 0 {
		m.opts.Max = min(m.opts.Max, most)
	}
	m.opts.StepTimeout = tighter(m.opts.StepTimeout, stepTimeout)
	m.opts.TaskTimeout = tighter(m.opts.TaskTimeout, taskTimeout)
}

// tighter is the smaller of two limits, of which zero is none.
func tighter(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// Status serves tasks/status.
func (m *Manager) Status(_ context.Context, p TaskParams) (Task, error) {
	t, err := m.find(p.TaskID)
	if err != nil {
		return Task{}, err
	}
	return t.view(), nil
}

// Cancel serves tasks/cancel: it answers when nothing of the task lives, and
// again and again alike.
func (m *Manager) Cancel(ctx context.Context, p TaskParams) (Task, error) {
	t, err := m.find(p.TaskID)
	if err != nil {
		return Task{}, err
	}
	t.cancel()
	select {
	case <-t.done:
		return t.view(), nil
	case <-ctx.Done():
		return Task{}, context.Cause(ctx)
	}
}

// Removed answers tasks/remove.
type Removed struct {
	Removed bool `json:"removed"`
}

// Remove serves tasks/remove: it deletes an ended task's workspace and forgets
// the task.
func (m *Manager) Remove(ctx context.Context, p TaskParams) (Removed, error) {
	t, err := m.find(p.TaskID)
	if err != nil {
		return Removed{}, err
	}
	if t.view().EndedAt == nil {
		return Removed{}, fmt.Errorf("%w: cancel task %s first", ErrRunning, p.TaskID)
	}
	select { // its end is only being told
	case <-t.done:
	case <-ctx.Done():
		return Removed{}, context.Cause(ctx)
	}
	if err := t.runtime.Cleanup(ctx); err != nil {
		return Removed{}, fmt.Errorf("remove task %s: %w", p.TaskID, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(p.TaskID)
	return Removed{Removed: true}, nil
}

// Close cancels all tasks, waits for their ends and removes their workspaces,
// bounded by ctx. No task can be started afterwards. It may be called again.
func (m *Manager) Close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	late := m.drain(ctx)

	m.mu.Lock()
	all := slices.Collect(maps.Values(m.tasks))
	m.mu.Unlock()
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, t := range all {
		if t.ended() {
			wg.Go(func() { errs[i] = t.runtime.Cleanup(ctx) })
		}
	}
	wg.Wait()
	return errors.Join(append(errs, late)...)
}

// drain waits until no task and no call of Start is left.
func (m *Manager) drain(ctx context.Context) error {
	for {
		m.mu.Lock()
		live, changed := m.live, m.changed
		m.mu.Unlock()
		if live == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d tasks did not end: %w", live, context.Cause(ctx))
		}
	}
}

func (m *Manager) find(id string) (*task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tasks[id]
	if t == nil {
		return nil, &notFoundError{id}
	}
	return t, nil
}

// forget takes a task off the list. The caller holds m.mu.
func (m *Manager) forget(id string) {
	delete(m.tasks, id)
	m.order = slices.DeleteFunc(m.order, func(other string) bool { return other == id })
}
