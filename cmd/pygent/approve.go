package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// approving is a client that asks the user of a terminal for approvals.
type approving struct {
	*term.Printer
	out   io.Writer
	input func() *entered // called at the first question
	free  chan struct{}   // has a token while no question is open: tasks ask too
}

func newApproving(printer *term.Printer, out io.Writer, input func() *entered) *approving {
	free := make(chan struct{}, 1)
	free <- struct{}{}
	return &approving{Printer: printer, out: out, input: input, free: free}
}

// RequestApproval shows the full approval and takes the next line as the answer. Any other
// text than a key is a reason to deny.
func (c *approving) RequestApproval(ctx context.Context, a event.Approval) (event.Decision, error) {
	leave, err := c.take(ctx)
	if err != nil {
		return event.Decision{}, err
	}
	defer leave()
	title := a.Title
	if a.TaskID != "" {
		title += " (task " + a.TaskID + ")"
	}
	fmt.Fprintf(c.out, "\n? %s\n", term.Line(title, maxTitle))
	if a.Command != "" {
		fmt.Fprintf(c.out, "%s\n", indent(a.Command))
	}
	for _, change := range a.Changes {
		fmt.Fprintf(c.out, "%s\n", indent(change.Path+"\n"+change.Patch))
	}
	keys := "y yes, n no"
	if slices.Contains(a.Options, event.DecisionAllowForSession) {
		keys += fmt.Sprintf(", a always in this session: %s", term.Line(a.Rule, maxTitle))
	}
	l, err := c.input().answer(ctx, c.out, fmt.Sprintf("? %s, c cancel the turn, or what to do instead: ", keys))
	if err != nil {
		return event.Decision{}, c.withdrawn(ctx)
	}
	return decision(l, a.Options), nil
}

// maxTitle bounds a title and a rule, in characters. It is far above their usual lengths,
// because the user must see all of them.
const maxTitle = 4000

// withdrawn tells the user that the question was cancelled.
func (c *approving) withdrawn(ctx context.Context) error {
	fmt.Fprintln(c.out, "\n(the question was withdrawn)")
	return context.Cause(ctx)
}

// take waits until no other question is open. The caller calls leave after its question.
func (c *approving) take(ctx context.Context) (leave func(), err error) {
	select {
	case <-c.free:
		return func() { c.free <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func decision(l line, options []event.Choice) event.Decision {
	if l.err != nil {
		return event.Decision{Decision: event.DecisionDeny, Feedback: "the user has left"}
	}
	text := strings.TrimSpace(l.text)
	chosen := map[string]event.Choice{
		"y": event.DecisionAllow, "yes": event.DecisionAllow, "a": event.DecisionAllowForSession,
		"n": event.DecisionDeny, "no": event.DecisionDeny, "": event.DecisionDeny, "c": event.DecisionCancelTurn,
	}[strings.ToLower(text)]
	if slices.Contains(options, chosen) {
		return event.Decision{Decision: chosen}
	}
	return event.Decision{Decision: event.DecisionDeny, Feedback: text}
}

// indent indents untrusted text, so that no line of it looks like one of Pygent's.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(term.Safe(text), "\n"), "\n", "\n    ")
}

// unattended is a client without a user to ask.
type unattended struct{ event.Client }

// RequestApproval denies and names the settings that allow it.
func (unattended) RequestApproval(context.Context, event.Approval) (event.Decision, error) {
	return event.Decision{
		Decision: event.DecisionDeny,
		Feedback: "nobody is there to ask; the user can allow it with --mode=auto, or without a sandbox with --mode=auto --sandbox=none",
	}, nil
}
