package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
)

// Errors that callers distinguish.
var (
	ErrNotFound    = errors.New("not found")
	ErrLimit       = errors.New("task limit reached")
	ErrRunning     = errors.New("the task is still running")
	ErrBusy        = errors.New("the task is busy")
	ErrNested      = errors.New("nested delegation is not allowed")
	ErrNoWorkspace = errors.New("the task's workspace is gone")
	ErrNotAsking   = errors.New("the task asks nothing any more")
)

// notFoundError has the reference's text.
type notFoundError struct{ id string }

func (e *notFoundError) Error() string { return "Task " + e.id + " not found" }
func (e *notFoundError) Unwrap() error { return ErrNotFound }

// DefaultMax is the number of tasks at a time without a setting.
const DefaultMax = 3

// maxEnded bounds the ended tasks that are kept with their workspaces; the oldest
// are removed first.
const maxEnded = 64

// closeTimeout bounds the clean-up after a task, because the task's context has
// ended.
const closeTimeout = 10 * time.Second

// Parent is a session that delegates.
type Parent struct {
	SessionID string
	Runtime   *runtime.Runtime
	ByAgent   bool       // its agent delegates, not the client
	Mode      event.Mode // the mode of that agent's turn
}

// Options configure a Manager.
type Options struct {
	Backend  Backend          // runs the turns
	Sessions *session.Manager // the delegating sessions, and those of the delegated agents
	Client   event.Client     // gets the events of a task of which nothing runs; nil: none does

	// Changed is called after every change of a task's state, and after every
	// model round of its turn. The calls for one task are in order, with exactly
	// one for the end of each turn, which comes before Cancel, Wait and Close
	// return. It must not call these. Long texts are shortened. May be nil.
	Changed func(Task)

	Max         int           // tasks at a time; 0 is DefaultMax
	StepTimeout time.Duration // for tasks that set none; 0 is no bound
	TaskTimeout time.Duration // the same
	Personas    []string      // used in turn by tasks that set none
}

// Manager owns the tasks of a connection. It serves the protocol's methods for
// tasks and for files.
type Manager struct {
	lifetime context.Context // tasks derive from it, never from a request
	stop     context.CancelFunc
	opts     Options
	resuming chan struct{} // holds a token while a session is resumed

	mu       sync.Mutex // guards the fields below, and the tasks
	tasks    map[string]*task
	order    []string // ids, oldest first
	slots    int      // tasks that run or are being started
	queue    []*turn  // turns that wait for a slot, in order of arrival
	live     int      // goroutines of turns and calls of Start, which Close waits for
	personas int      // assigned so far

	forgotten int64 // the highest revision of a task that was forgotten

	closed  bool
	changed chan struct{} // closed and replaced whenever live shrinks
}

// NewManager makes a manager whose tasks end with lifetime, or with Close, which
// must be called. It panics without a Backend or Sessions.
func NewManager(lifetime context.Context, opts Options) *Manager {
	if opts.Backend == nil || opts.Sessions == nil {
		panic("tasks: NewManager needs a Backend and Sessions")
	}
	if opts.Client == nil {
		opts.Client = event.Discard{}
	}
	if opts.Max == 0 {
		opts.Max = DefaultMax
	}
	lifetime, stop := context.WithCancel(lifetime)
	return &Manager{
		lifetime: lifetime, stop: stop, opts: opts, resuming: make(chan struct{}, 1),
		tasks: map[string]*task{}, changed: make(chan struct{}),
	}
}

// Max returns the number of tasks at a time.
func (m *Manager) Max() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opts.Max
}

// Tighten lowers the limits of later tasks. A limit that is zero, or not below
// the present one, changes nothing.
func (m *Manager) Tighten(most int, stepTimeout, taskTimeout time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if most > 0 {
		m.opts.Max = min(m.opts.Max, most)
	}
	m.opts.StepTimeout = event.Tighter(m.opts.StepTimeout, stepTimeout)
	m.opts.TaskTimeout = event.Tighter(m.opts.TaskTimeout, taskTimeout)
}

// Status serves tasks/status.
func (m *Manager) Status(_ context.Context, p TaskParams) (Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(p.TaskID)
	if err != nil {
		return Task{}, err
	}
	return t.task, nil
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
	var left []string
	for id, t := range m.tasks {
		if t.ended() {
			left = append(left, id)
		}
	}
	m.mu.Unlock()
	errs := make([]error, len(left))
	var wg sync.WaitGroup
	for i, id := range left {
		wg.Go(func() { errs[i] = m.opts.Backend.Discard(ctx, id) })
	}
	wg.Wait()
	return errors.Join(append(errs, late)...)
}

// drain waits until no turn runs and no call of Start is left.
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

// find returns a task. m.mu is held, also for forget.
func (m *Manager) find(id string) (*task, error) {
	t := m.tasks[id]
	if t == nil {
		return nil, &notFoundError{id}
	}
	return t, nil
}

// runtimeOf returns the runtime of a task's last turn.
func (m *Manager) runtimeOf(id string) (*runtime.Runtime, error) {
	m.mu.Lock()
	_, err := m.find(id)
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return m.opts.Backend.Workspace(id)
}

// forget removes a task from the list.
func (m *Manager) forget(id string) {
	if t := m.tasks[id]; t != nil {
		m.forgotten = max(m.forgotten, t.task.Revision)
	}
	delete(m.tasks, id)
	m.order = slices.DeleteFunc(m.order, func(other string) bool { return other == id })
}
