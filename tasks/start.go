package tasks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime"
)

// maxTimeout bounds every time limit of a task.
const maxTimeout = 366 * 24 * time.Hour

// Caps of what one start brings along. What a task is told is kept with it, of
// up to maxEnded ended tasks.
const (
	maxPrompt  = 1 << 20 // bytes
	maxPersona = 64 << 10
	maxName    = 200
	maxFiles   = 1000 // entries; a directory is one
)

// Start serves tasks/start: it prepares a workspace with copies of the named
// files and returns the task's id at once. Where anything is refused, nothing
// was started.
func (m *Manager) Start(ctx context.Context, p StartParams) (StartResult, error) {
	res, _, err := m.start(ctx, p, func(id string) (Parent, error) { return m.opts.Parent(ctx, id) })
	return res, err
}

// finder finds the session that delegates.
type finder func(sessionID string) (Parent, error)

// start takes a function that finds the parent, because making it is work that a refused
// task must not cost. It also reports what lies in the named directories and
// could not be copied.
func (m *Manager) start(ctx context.Context, p StartParams, find finder) (StartResult, runtime.CopyReport, error) {
	var report runtime.CopyReport
	if err := p.validate(); err != nil {
		return StartResult{}, report, err
	}
	if err := m.reserve(); err != nil {
		return StartResult{}, report, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(m.lifetime, cancel)()
	parent, err := find(p.SessionID)
	if err != nil {
		m.release()
		return StartResult{}, report, err
	}
	rt, err := m.prepare(ctx, p.Files, parent.Runtime, &report)
	if err != nil {
		m.release()
		return StartResult{}, report, err
	}
	t, evicted, err := m.admit(p, parent, rt)
	if err != nil {
		err = errors.Join(err, cleanup(rt))
		m.release()
		return StartResult{}, report, err
	}
	m.discard(evicted)
	id := t.job.TaskID
	if _, err := find(parent.SessionID); err != nil { // closed meanwhile: nobody else cancels its task
		return StartResult{}, report, errors.Join(err, m.quiet(ctx, id))
	}
	return StartResult{TaskID: id, State: StateRunning, Skipped: skipped(report)}, report, nil
}

func (p StartParams) validate() error {
	if err := checkPrompt(p.Prompt); err != nil {
		return err
	}
	switch {
	case len(p.Persona) > maxPersona:
		return tooLong("persona", len(p.Persona), maxPersona)
	case len(p.Name) > maxName:
		return tooLong("name", len(p.Name), maxName)
	case len(p.Files) > maxFiles:
		return &runtime.InvalidError{Field: "files", Reason: fmt.Sprintf("%d entries: at most %d are accepted; name directories", len(p.Files), maxFiles)}
	case p.Check != "":
		return &runtime.InvalidError{Field: "check", Reason: "is not supported yet; run the check with a task of its own"}
	case p.Attempts < 0 || p.Attempts > 1:
		return &runtime.InvalidError{Field: "attempts", Reason: "more than 1 is not supported yet"}
	}
	if err := p.Limits.validate(); err != nil {
		return err
	}
	if err := checkSeconds("stepTimeoutSeconds", p.StepTimeoutSeconds); err != nil {
		return err
	}
	return checkSeconds("taskTimeoutSeconds", p.TaskTimeoutSeconds)
}

func checkPrompt(prompt string) error {
	switch {
	case strings.TrimSpace(prompt) == "":
		return &runtime.InvalidError{Field: "prompt", Reason: "is empty"}
	case len(prompt) > maxPrompt:
		return tooLong("prompt", len(prompt), maxPrompt)
	}
	return nil
}

func (l *Limits) validate() error {
	switch {
	case l == nil:
		return nil
	case l.Tokens < 0:
		return &runtime.InvalidError{Field: "limits.tokens", Reason: "is negative"}
	case l.CostUSD < 0:
		return &runtime.InvalidError{Field: "limits.costUsd", Reason: "is negative"}
	}
	return checkSeconds("limits.timeoutSeconds", l.TimeoutSeconds)
}

func tooLong(field string, got, most int) error {
	return &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("has %d bytes; at most %d are accepted", got, most)}
}

// checkSeconds refuses what is no time limit, NaN included.
func checkSeconds(field string, s float64) error {
	if s >= 0 && s <= maxTimeout.Seconds() {
		return nil
	}
	return &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("%g: give seconds, from 0 (the configured default) to %.0f", s, maxTimeout.Seconds())}
}

// prepare makes the task's runtime and copies the named files into it. What a
// named directory holds and cannot be copied goes into the report; a named file
// that cannot be is an error.
func (m *Manager) prepare(ctx context.Context, files []string, from *runtime.Runtime, report *runtime.CopyReport) (*runtime.Runtime, error) {
	rt, err := m.opts.NewRuntime(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("make the task's workspace: %w", err)
	}
	for i, file := range files {
		part, err := from.Workspace().CopyTo(ctx, rt.Workspace(), file, file, runtime.CopyOptions{NoLines: true})
		field := fmt.Sprintf("files[%d]", i)
		switch {
		case errors.Is(err, runtime.ErrNotFound):
			err = &runtime.InvalidError{Field: field, Reason: err.Error()}
		case err != nil:
			err = fmt.Errorf("%s: %w", field, err)
		case nothing(part):
			err = &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("%q: %s", file, part.Skipped[0].Reason)}
		}
		if err != nil {
			return nil, errors.Join(err, cleanup(rt))
		}
		report.Skipped = append(report.Skipped, part.Skipped...)
	}
	return rt, nil
}

// admit lists the task and starts it; its goroutine takes over what reserve
// took. It also returns the ended tasks that give way to it.
func (m *Manager) admit(p StartParams, parent Parent, rt *runtime.Runtime) (t *task, evicted []*task, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, errClosing()
	}
	if p.Persona == "" && len(m.opts.Personas) > 0 {
		p.Persona = m.opts.Personas[m.personas%len(m.opts.Personas)]
		m.personas++
	}
	t = m.newTask(p)
	t.job.ParentSessionID, t.job.ByAgent, t.job.Mode = parent.SessionID, parent.ByAgent, parent.Mode
	t.runtime = rt
	t.enter(StateRunning, string(StateRunning))
	m.tasks[t.job.TaskID] = t
	m.order = append(m.order, t.job.TaskID)
	tn := m.begin(t, p.Prompt)
	tn.first = true
	evicted = m.evict()
	m.live += len(evicted)
	go m.run(tn) // Close waits for it: see live
	return t, evicted, nil
}

func (m *Manager) newTask(p StartParams) *task {
	name := p.Name
	if name == "" {
		name = firstLine(p.Prompt)
	}
	job := Job{
		TaskID:      newID("task"),
		SessionID:   newID("s"),
		Name:        name,
		Task:        p.Prompt,
		Persona:     p.Persona,
		Model:       p.Model,
		StepTimeout: orDefault(p.StepTimeoutSeconds, m.opts.StepTimeout),
		Timeout:     orDefault(p.TaskTimeoutSeconds, m.opts.TaskTimeout),
	}
	if l := p.Limits; l != nil {
		job.Tokens, job.CostUSD = l.Tokens, l.CostUSD
		job.Timeout = tighter(job.Timeout, orDefault(l.TimeoutSeconds, 0))
	}
	return &task{
		job:  job,
		task: Task{TaskID: job.TaskID, Name: name, Prompt: p.Prompt, SessionID: job.SessionID, StartedAt: time.Now().UTC()},
	}
}

func orDefault(seconds float64, d time.Duration) time.Duration {
	if seconds > 0 {
		return max(1, time.Duration(seconds*float64(time.Second)))
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
