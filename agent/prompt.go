package agent

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime"
)

// What a step does while another turn of its session runs.
const (
	ifBusyReject = "reject"
	ifBusyQueue  = "queue"
	ifBusySteer  = "steer"
)

// waits tells whether the step may stand in line. One that came too late to
// steer does too: the turn ends anyway.
func (p StepParams) waits() bool { return p.IfBusy == ifBusyQueue || p.IfBusy == ifBusySteer }

// validate refuses parameters before anything begins.
func (p StepParams) validate() error {
	switch {
	case strings.TrimSpace(p.Prompt) == "" && len(p.Context) == 0:
		return &runtime.InvalidError{Field: "prompt", Reason: "is empty"}
	case len(p.Prompt) > maxPrompt:
		return &runtime.InvalidError{Field: "prompt", Reason: fmt.Sprintf("has %d bytes; at most %d are accepted", len(p.Prompt), maxPrompt)}
	case p.MaxSteps < 0 || p.MaxSteps > maxSteps:
		return &runtime.InvalidError{Field: "maxSteps", Reason: fmt.Sprintf("%d: give a number from 1 to %d", p.MaxSteps, maxSteps)}
	case !slices.Contains([]string{"", ifBusyReject, ifBusyQueue, ifBusySteer}, p.IfBusy):
		return &runtime.InvalidError{Field: "ifBusy", Reason: fmt.Sprintf("%q: give %q, %q or %q", p.IfBusy, ifBusyReject, ifBusyQueue, ifBusySteer)}
	}
	if err := CheckMode("mode", p.Mode); err != nil {
		return err
	}
	if _, err := p.dirty(); err != nil {
		return err
	}
	if l := p.Limits; l != nil {
		const year = 366 * 24 * 3600
		switch { // the comparisons are so that NaN is refused
		case !(l.TimeoutSeconds >= 0 && l.TimeoutSeconds <= year):
			return &runtime.InvalidError{Field: "limits.timeoutSeconds", Reason: fmt.Sprintf("%g: give seconds, from 0 (no bound) to %d", l.TimeoutSeconds, year)}
		case l.Tokens < 0:
			return &runtime.InvalidError{Field: "limits.tokens", Reason: "is negative"}
		case !(l.CostUSD >= 0):
			return &runtime.InvalidError{Field: "limits.costUsd", Reason: "is negative"}
		}
	}
	for i, c := range p.Context {
		field := fmt.Sprintf("context[%d]", i)
		if c.Text == "" && c.Path == "" {
			return &runtime.InvalidError{Field: field, Reason: "has neither path nor text"}
		}
		if r := c.Range; r != nil && (r.Start < 1 || r.End < r.Start) {
			return &runtime.InvalidError{
				Field:  field + ".range",
				Reason: fmt.Sprintf("%d to %d: lines count from 1, and end is not before start", r.Start, r.End),
			}
		}
	}
	return nil
}

// message is the user's message: the prompt and, after it, what the client
// attached. Each piece is fenced and named, so that the model can tell the
// user's words from a file's.
func (p StepParams) message(rt *runtime.Runtime) (string, error) {
	parts := make([]string, 0, 1+len(p.Context))
	if strings.TrimSpace(p.Prompt) != "" {
		parts = append(parts, p.Prompt)
	}
	size := len(p.Prompt)
	for i, c := range p.Context {
		text, err := c.content(rt)
		if err != nil {
			return "", fmt.Errorf("context[%d]: %w", i, err)
		}
		parts = append(parts, fenced(c, text))
		if size += len(parts[len(parts)-1]); size > maxPrompt {
			return "", &runtime.InvalidError{
				Field:  "context",
				Reason: fmt.Sprintf("prompt and context have more than %d bytes, counted to context[%d]", maxPrompt, i),
			}
		}
	}
	if list, err := p.dirty(); err == nil && len(list) > 0 {
		parts = append(parts, fenced(ContextItem{}, "The user has changes in these files that are not saved. Do not write to them, with commands either:\n"+
			strings.Join(list, "\n")))
	}
	return strings.Join(parts, "\n\n"), nil
}

// dirty are the clean paths of dirtyFiles.
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

// content is the item's own text, or that of its file.
func (c ContextItem) content(rt *runtime.Runtime) (string, error) {
	if c.Text != "" {
		return c.Text, nil
	}
	data, err := rt.Workspace().ReadFile(c.Path, maxPrompt)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) {
		return "", &runtime.InvalidError{Field: "path", Reason: fmt.Sprintf("%q is not text", c.Path)}
	}
	return lines(string(data), c.Range), nil
}

// fenced puts text between two tags that text itself cannot close.
func fenced(c ContextItem, text string) string {
	tag := "context"
	for strings.Contains(text, "</"+tag) {
		tag += "_"
	}
	return fmt.Sprintf("<%s%s>\n%s\n</%s>", tag, label(c), strings.TrimSuffix(text, "\n"), tag)
}

func label(c ContextItem) string {
	var s string
	if c.Path != "" {
		s = fmt.Sprintf(" path=%q", c.Path)
	}
	if c.Range != nil {
		s += fmt.Sprintf(" lines=\"%d-%d\"", c.Range.Start, c.Range.End)
	}
	return s
}

func lines(text string, r *LineRange) string {
	if r == nil {
		return text
	}
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[min(r.Start-1, len(all)):min(r.End, len(all))], "")
}
