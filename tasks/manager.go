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
	ErrNotFound    = errors.New("not found")
	ErrLimit       = errors.New("task limit reached")
	ErrRunning     = errors.New("the task is still running")
	ErrBusy        = errors.New("the task is busy")
	ErrNested      = errors.New("nested delegation is not allowed")
	ErrNoWorkspace = errors.New("the task's workspace is gone")
	ErrNotAsking   = errors.New("the task asks nothing any more")
)

// notFoundError reads as the reference has it.
type notFoundError struct{ id string }

func (e *notFoundError) Error() string { return "Task " + e.id + " not found" }
func (e *notFoundError) Unwrap() error { return ErrNotFound }

// DefaultMax is how many tasks run at a time when nothing else is said.
const DefaultMax = 3

// maxEnded is how many tasks that do not run are kept, with their workspaces; the
// oldest give way.
const maxEnded = 64

// closeTimeout bounds the clean-up after a task, whose own context has ended.
const closeTimeout = 10 * time.Second

// Job is what a Runner gets to do: one turn of a task.
type Job struct {
	TaskID          string
	SessionID       string // of the delegated agent, for its events and its history
	ParentSessionID string // of the session that delegates
	Name            string
	Task            string  // the task's first prompt
	Prompt          string  // that of this turn, "" with Answer
	Answer          *Answer // the turn goes on where the last server had asked; nil: Prompt begins one
	ByAgent         bool    // another agent gave the prompt, and cannot answer a question
	Mode            string  // what that agent might do unasked; "" is what its session says
	Persona         string
	Model           string
	Runtime         *runtime.Runtime // the turn's own; the manager cleans it up
	NewWorkspace    bool             // the workspace of earlier turns is gone, this one is empty
	StepTimeout     time.Duration    // 0 is no bound
	Timeout         time.Duration    // of each turn, already in the context; 0 is no bound
	Tokens          int64            // 0 is no bound
	CostUSD         float64          // likewise

	// Progress tells how far the turn is: model rounds and all that they have
	// used. It is called by one goroutine at a time, and not after Run has returned.
	Progress func(steps int, usage Usage)
}

// Outcome is how a Job ended.
type Outcome struct {
	State    State // one in which nothing runs
	Text     string
	Question *Question // for waiting
	Steps    int
	Usage    Usage
	Changes  []runtime.Change
	Err      error // for failed and timeout
	Unkept   error // why no further turn can go on with the conversation; nil when one can
}

// Runner runs one delegated prompt to its end. It returns when nothing of it
// runs any more, soon after ctx has ended; context.Cause(ctx) tells a time limit
// (a *runtime.TimeoutError) from a cancel. A further Job of the same session goes
// on with its history.
type Runner interface {
	Run(ctx context.Context, job Job) Outcome
}

// Parent is a session that delegates.
type Parent struct {
	SessionID string
	Runtime   *runtime.Runtime
	ByAgent   bool   // its agent does, not the client
	Mode      string // of that agent's turn
}

// Options wire a Manager.
type Options struct {
	Runner Runner

	// Parent finds the session that starts a task or collects from it; "" is the
	// connection's own.
	Parent func(ctx context.Context, sessionID string) (Parent, error)

	// NewRuntime makes the runtime of a task's turn: in ws, which stays when it
	// fails, or in a new, empty workspace for nil.
	NewRuntime func(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error)

	// Changed is told of every change of a task's state, and of every model round
	// that its turn has behind it, in order for one task and exactly once for the
	// end of each turn, before Cancel, Wait and Close answer. It must not call
	// them. Long texts are shortened. May be nil.
	Changed func(Task)

	// Cancelled keeps that a task of which nothing runs was cancelled, so that
	// it stays so when a later server restores it. It is called where the Runner
	// is not: when a question is withdrawn, and when a turn is cancelled before
	// it began. An error leaves a task that asks as it is. May be nil.
	Cancelled func(sessionID string) error

	// Removed deletes what is kept of a removed task's session. May be nil.
	Removed func(sessionID string) error

	Max         int           // tasks at a time; 0 is DefaultMax
	StepTimeout time.Duration // default of tasks that do not say; 0 is no bound
	TaskTimeout time.Duration // likewise
	Personas    []string      // taken in turn by tasks that do not say
}

// Manager owns the tasks of a connection. It serves the protocol's methods
// about tasks and about files.
type Manager struct {
	lifetime context.Context // tasks derive from it, never from a request
	stop     context.CancelFunc
	opts     Options

	mu       sync.Mutex // guards what is below, and what tasks say that it guards
	tasks    map[string]*task
	order    []string // ids, oldest first
	slots    int      // tasks that run or are being started
	line     []*turn  // those that wait for a slot, first come, first served
	live     int      // goroutines of turns and calls of Start, which Close waits for
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
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(p.TaskID)
	if err != nil {
		return Task{}, err
	}
	return t.task, nil
}

// SessionOf is the session of a task's agent.
func (m *Manager) SessionOf(taskID string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(taskID)
	if err != nil {
		return "", err
	}
	return t.job.SessionID, nil
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
	var left []*runtime.Runtime
	for t := range maps.Values(m.tasks) {
		if t.ended() && t.runtime != nil {
			left = append(left, t.runtime)
		}
	}
	m.mu.Unlock()
	errs := make([]error, len(left))
	var wg sync.WaitGroup
	for i, rt := range left {
		wg.Go(func() { errs[i] = rt.Cleanup(ctx) })
	}
	wg.Wait()
	return errors.Join(append(errs, late)...)
}

// drain waits until no turn and no call of Start is left.
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

// find is called with m.mu held, as is forget.
func (m *Manager) find(id string) (*task, error) {
	t := m.tasks[id]
	if t == nil {
		return nil, &notFoundError{id}
	}
	return t, nil
}

// runtimeOf is the runtime of a task's last turn.
func (m *Manager) runtimeOf(id string) (*runtime.Runtime, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := m.find(id)
	if err != nil {
		return nil, err
	}
	if t.runtime == nil {
		return nil, fmt.Errorf("%w: that of task %s went with the server that ran it; tasks/output has what it said", ErrNoWorkspace, id)
	}
	return t.runtime, nil
}

// forget takes a task off the list.
func (m *Manager) forget(id string) {
	delete(m.tasks, id)
	m.order = slices.DeleteFunc(m.order, func(other string) bool { return other == id })
}
