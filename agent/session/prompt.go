package session

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/runtime"
)

// Values of ifBusy: what a step does while another turn of its session runs.
const (
	ifBusyReject = "reject"
	ifBusyQueue  = "queue"
	ifBusySteer  = "steer"
)

// waits reports whether the step may be queued. A step that comes too late to
// steer is queued too: the turn ends anyway.
func (p StepParams) waits() bool { return p.IfBusy == ifBusyQueue || p.IfBusy == ifBusySteer }

// validate refuses invalid parameters before anything begins.
func (p StepParams) validate() error {
	switch {
	case strings.TrimSpace(p.Prompt) == "" && len(p.Context) == 0:
		return &runtime.InvalidError{Field: "prompt", Reason: "is empty"}
	case len(p.Prompt) > agent.MaxPrompt:
		return &runtime.InvalidError{Field: "prompt", Reason: fmt.Sprintf("has %d bytes; at most %d are accepted", len(p.Prompt), agent.MaxPrompt)}
	case p.MaxSteps < 0 || p.MaxSteps > maxSteps:
		return &runtime.InvalidError{Field: "maxSteps", Reason: fmt.Sprintf("%d: give a number from 1 to %d", p.MaxSteps, maxSteps)}
	case !slices.Contains([]string{"", ifBusyReject, ifBusyQueue, ifBusySteer}, p.IfBusy):
		return &runtime.InvalidError{Field: "ifBusy", Reason: fmt.Sprintf("%q: give %q, %q or %q", p.IfBusy, ifBusyReject, ifBusyQueue, ifBusySteer)}
	}
	if err := approval.CheckMode("mode", p.Mode); err != nil {
		return err
	}
	if _, err := p.dirty(); err != nil {
		return err
	}
	if l := p.Limits; l != nil {
		const year = 366 * 24 * 3600
		switch { // written so that NaN is refused
		case !(l.TimeoutSeconds >= 0 && l.TimeoutSeconds <= year):
			return &runtime.InvalidError{Field: "limits.timeoutSeconds", Reason: fmt.Sprintf("%g: give seconds, from 0 (no bound) to %d", l.TimeoutSeconds, year)}
		case l.Tokens < 0:
			return &runtime.InvalidError{Field: "limits.tokens", Reason: "is negative"}
		case !(l.CostUSD >= 0):
			return &runtime.InvalidError{Field: "limits.costUsd", Reason: "is negative"}
		}
	}
	for i, c := range p.Context {
		if err := c.validate(fmt.Sprintf("context[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

// message returns the user's message: the prompt, followed by what the client
// attached. Each piece is fenced and named, so that the model can distinguish the
// user's words from a file's.
func (p StepParams) message(from attaching) (string, error) {
	parts := make([]string, 0, 1+len(p.Context))
	if strings.TrimSpace(p.Prompt) != "" {
		parts = append(parts, p.Prompt)
	}
	size := len(p.Prompt)
	for i, c := range p.Context {
		piece, err := from.attach(c)
		if err != nil {
			return "", fmt.Errorf("context[%d]: %w", i, err)
		}
		parts = append(parts, piece)
		if size += len(parts[len(parts)-1]); size > agent.MaxPrompt {
			return "", &runtime.InvalidError{
				Field:  "context",
				Reason: fmt.Sprintf("prompt and context have more than %d bytes, counted to context[%d]", agent.MaxPrompt, i),
			}
		}
	}
	if list, err := p.dirty(); err == nil && len(list) > 0 {
		parts = append(parts, fenced("", "The user has changes in these files that are not saved. Do not write to them, with commands either:\n"+
			strings.Join(list, "\n")))
	}
	return strings.Join(parts, "\n\n"), nil
}

// steered returns a valid step as a prompt for a running turn.
func (p StepParams) steered(prompt string) agent.Steered {
	s := agent.Steered{Prompt: prompt}
	if p.DirtyFiles != nil {
		s.Dirty, _ = p.dirty()
	}
	return s
}

// waitCost returns the bytes that the step uses while it is queued.
func (p StepParams) waitCost(prompt string) int {
	n := len(prompt)
	for _, path := range p.DirtyFiles {
		n += len(path)
	}
	return n
}

// dirty returns the clean paths of dirtyFiles.
func (p StepParams) dirty() ([]string, error) {
	if len(p.DirtyFiles) > maxDirty {
		return nil, &runtime.InvalidError{Field: "dirtyFiles", Reason: fmt.Sprintf("%d paths: at most %d are accepted", len(p.DirtyFiles), maxDirty)}
	}
	list := make([]string, len(p.DirtyFiles))
	for i, name := range p.DirtyFiles {
		var err error
		if list[i], err = runtime.CleanPath(name); err != nil {
			return nil, fmt.Errorf("dirtyFiles[%d]: %w", i, err)
		}
	}
	return list, nil
}
