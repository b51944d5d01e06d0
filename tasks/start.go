package tasks

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
)

// maxTimeout bounds every time limit of a task.
const maxTimeout = 366 * 24 * time.Hour

// Caps of the parameters of tasks/start. They are kept with the task, for up to
// maxEnded ended tasks.
const (
	maxPrompt  = 1 << 20 // bytes
	maxPersona = 64 << 10
	maxName    = 200
	maxFiles   = 1000 // entries; a directory is one
)

// Start serves tasks/start: it prepares a workspace with copies of the named
// files and returns the task's id at once. When it refuses anything, it starts
// nothing.
func (m *Manager) Start(ctx context.Context, p StartParams) (StartResult, error) {
	res, _, err := m.start(ctx, p, m.finder(ctx))
	return res, err
}

// finder returns the session that delegates.
type finder func(sessionID string) (Parent, error)

// finder looks it up among the sessions; "" is the connection's own.
func (m *Manager) finder(ctx context.Context) finder {
	return func(sessionID string) (Parent, error) {
		at, err := m.opts.Sessions.Place(ctx, sessionID)
		return Parent{SessionID: at.SessionID, Runtime: at.Runtime}, err
	}
}

// start gets a function that finds the parent, because a refused task must not
// cause the parent to be made. It also reports what could not be copied from
// inside the named directories.
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
	t := m.newTask(p, parent)
	id := t.job.TaskID
	if report, err = m.opts.Backend.Prepare(ctx, t.job, parent.Runtime.Workspace()); err != nil {
		m.release()
		return StartResult{}, report, err
	}
	evicted, err := m.admit(t)
	if err != nil {
		err = errors.Join(err, m.clean(id))
		m.release()
		return StartResult{}, report, err
	}
	m.discard(evicted)
	if _, err := find(parent.SessionID); err != nil { // closed meanwhile: only start can cancel its task
		return StartResult{}, report, errors.Join(err, m.endTurn(ctx, id))
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
	if err := checkLimits(p.Limits); err != nil {
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

func checkLimits(l *event.Limits) error {
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

// checkSeconds refuses an invalid time limit, NaN included.
func checkSeconds(field string, s float64) error {
	if s >= 0 && s <= maxTimeout.Seconds() {
		return nil
	}
	return &runtime.InvalidError{Field: field, Reason: fmt.Sprintf("%g: give seconds, from 0 (the configured default) to %.0f", s, maxTimeout.Seconds())}
}

// admit lists the task and starts it; its goroutine then owns the reserved slot.
// It returns the ended tasks that are removed to make room.
func (m *Manager) admit(t *task) (evicted []*task, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errClosing()
	}
	if t.job.Persona == "" && len(m.opts.Personas) > 0 {
		t.job.Persona = m.opts.Personas[m.personas%len(m.opts.Personas)]
		m.personas++
	}
	t.task.StartedAt = time.Now().UTC()
	t.enter(StateRunning, string(StateRunning))
	m.tasks[t.job.TaskID] = t
	m.order = append(m.order, t.job.TaskID)
	tn := m.begin(t, t.job.Task)
	tn.first = true
	evicted = m.evict()
	m.live += len(evicted)
	go m.run(tn) // counted in live: Close waits for it
	return evicted, nil
}

func (m *Manager) newTask(p StartParams, parent Parent) *task {
	m.mu.Lock()
	defer m.mu.Unlock()
	limits := event.Limits{TimeoutSeconds: orDefault(p.TaskTimeoutSeconds, m.opts.TaskTimeout)}
	if l := p.Limits; l != nil {
		limits = limits.Within(*l)
	}
	job := Assignment{
		TaskID:             newID("task"),
		SessionID:          newID("s"),
		ParentSessionID:    parent.SessionID,
		ByAgent:            parent.ByAgent,
		Mode:               parent.Mode,
		Name:               cmp.Or(p.Name, firstLine(p.Prompt)),
		Task:               p.Prompt,
		Persona:            p.Persona,
		Model:              p.Model,
		Files:              p.Files,
		Limits:             limits,
		StepTimeoutSeconds: orDefault(p.StepTimeoutSeconds, m.opts.StepTimeout),
	}
	return &task{
		job:  job,
		task: Task{TaskID: job.TaskID, Name: job.Name, Prompt: p.Prompt, SessionID: job.SessionID},
	}
}

// orDefault returns the given seconds, or those of the default.
func orDefault(seconds float64, d time.Duration) float64 {
	if seconds > 0 {
		return seconds
	}
	return d.Seconds()
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
