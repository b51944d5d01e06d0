package tasks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime"
)

// maxTimeout bounds every time limit of a task.
const maxTimeout = 366 * 24 * time.Hour

// Start serves tasks/start: it prepares a workspace with copies of the named
// files and returns the task's id at once. Where anything is refused, nothing
// was started.
func (m *Manager) Start(ctx context.Context, p StartParams) (StartResult, error) {
	return m.start(ctx, p, func() (*runtime.Runtime, error) { return m.opts.Parent(ctx, p.SessionID) })
}

// start takes the parent as a function, because making it is work that a refused
// task must not cost.
func (m *Manager) start(ctx context.Context, p StartParams, parent func() (*runtime.Runtime, error)) (StartResult, error) {
	if err := p.validate(); err != nil {
		return StartResult{}, err
	}
	if err := m.reserve(); err != nil {
		return StartResult{}, err
	}
	rt, err := m.prepare(ctx, p.Files, parent)
	if err != nil {
		m.release()
		return StartResult{}, err
	}
	t, old, err := m.admit(p, rt)
	if err != nil {
		m.release()
		return StartResult{}, errors.Join(err, cleanup(rt))
	}
	for _, o := range old {
		_ = cleanup(o.runtime) // an evicted task's leftovers are no fault of this request
	}
	return StartResult{TaskID: t.id, State: StateRunning}, nil
}

func (p StartParams) validate() error {
	if strings.TrimSpace(p.Prompt) == "" {
		return &runtime.InvalidError{Field: "prompt", Reason: "is empty"}
	}
	for field, s := range map[string]float64{"stepTimeoutSeconds": p.StepTimeoutSeconds, "taskTimeoutSeconds": p.TaskTimeoutSeconds} {
		if s < 0 || math.IsNaN(s) || s > maxTimeout.Seconds() {
			return &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("%g: give seconds, more than 0", s)}
		}
	}
	if p.Limits != nil && p.Limits.Tokens < 0 {
		return &runtime.InvalidError{Field: "limits.tokens", Reason: "is negative"}
	}
	return nil
}

// reserve takes a slot under the lock, so that no number of concurrent callers
// starts more than the limit.
func (m *Manager) reserve() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return fmt.Errorf("%w: the server is shutting down", context.Canceled)
	}
	if m.slots >= m.opts.Max {
		return fmt.Errorf("%w: max %d tasks reached; wait for one, cancel one or raise PYGENT_MAX_TASKS", ErrLimit, m.opts.Max)
	}
	m.slots++
	return nil
}

func (m *Manager) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slots--
}

// prepare makes the task's runtime and copies the named files into it.
func (m *Manager) prepare(ctx context.Context, files []string, parent func() (*runtime.Runtime, error)) (*runtime.Runtime, error) {
	from, err := parent()
	if err != nil {
		return nil, err
	}
	rt, err := m.opts.NewRuntime(ctx)
	if err != nil {
		return nil, fmt.Errorf("make the task's workspace: %w", err)
	}
	for i, file := range files {
		report, err := from.Workspace().CopyTo(ctx, rt.Workspace(), file, file, runtime.CopyOptions{})
		if err == nil && len(report.Skipped) > 0 && len(report.Files) == 0 {
			err = errors.New(report.Skipped[0].Reason)
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, runtime.ErrNotFound):
			err = &runtime.InvalidError{Field: fmt.Sprintf("files[%d]", i), Reason: err.Error()}
		default:
			err = fmt.Errorf("files[%d]: copy %q: %w", i, file, err)
		}
		return nil, errors.Join(err, cleanup(rt))
	}
	return rt, nil
}

// admit lists the task and starts it. It also returns the ended tasks that give
// way to it.
func (m *Manager) admit(p StartParams, rt *runtime.Runtime) (t *task, evicted []*task, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, fmt.Errorf("%w: the server is shutting down", context.Canceled)
	}
	if p.Persona == "" && len(m.opts.Personas) > 0 {
		p.Persona = m.opts.Personas[m.personas%len(m.opts.Personas)]
		m.personas++
	}
	t = m.newTask(p, rt)
	m.tasks[t.id] = t
	m.order = append(m.order, t.id)
	evicted = m.evict()
	m.running.Go(func() { m.run(t) })
	return t, evicted, nil
}

func (m *Manager) newTask(p StartParams, rt *runtime.Runtime) *task {
	job := Job{
		TaskID:      newID("task"),
		SessionID:   newID("s"),
		Prompt:      p.Prompt,
		Persona:     p.Persona,
		Model:       p.Model,
		Runtime:     rt,
		StepTimeout: orDefault(p.StepTimeoutSeconds, m.opts.StepTimeout),
	}
	if p.Limits != nil {
		job.Tokens = p.Limits.Tokens
	}
	limit := orDefault(p.TaskTimeoutSeconds, m.opts.TaskTimeout)
	ctx, cancel := context.WithCancel(m.lifetime)
	name := p.Name
	if name == "" {
		name = firstLine(p.Prompt)
	}
	return &task{
		id: job.TaskID, job: job, runtime: rt, limit: limit, ctx: ctx, cancel: cancel, done: make(chan struct{}),
		task: Task{
			TaskID: job.TaskID, Name: name, Prompt: p.Prompt, State: StateRunning, Status: StateRunning,
			SessionID: job.SessionID, StartedAt: time.Now().UTC(), Changes: []runtime.Change{},
		},
	}
}

// evict takes the oldest ended tasks over the cap off the list. The caller holds
// m.mu.
func (m *Manager) evict() []*task {
	var ended []*task
	for _, id := range m.order {
		if t := m.tasks[id]; t.ended() {
			ended = append(ended, t)
		}
	}
	evicted := ended[:max(0, len(ended)-maxEnded)]
	for _, t := range evicted {
		m.forget(t.id)
	}
	return evicted
}

// cleanup removes a runtime within a bound of its own.
func cleanup(rt *runtime.Runtime) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return rt.Cleanup(ctx)
}

func orDefault(seconds float64, d time.Duration) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	return d
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

func newID(prefix string) string { return prefix + "_" + strings.ToLower(rand.Text()[:12]) }
