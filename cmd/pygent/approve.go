package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// approving is a client that puts approvals to the user of a terminal.
type approving struct {
	*term.Printer
	out   io.Writer
	lines func() <-chan line // of answers; input is not read before it is needed
	floor chan struct{}      // holds a token while nobody is asked: tasks ask too
}

func newApproving(printer *term.Printer, out io.Writer, lines func() <-chan line) *approving {
	floor := make(chan struct{}, 1)
	floor <- struct{}{}
	return &approving{Printer: printer, out: out, lines: lines, floor: floor}
}

// RequestApproval shows all there is to decide on and takes the next line for the
// answer. What is none of the keys is a reason to deny.
func (c *approving) RequestApproval(ctx context.Context, a agent.Approval) (agent.Decision, error) {
	leave, err := c.take(ctx)
	if err != nil {
		return agent.Decision{}, err
	}
	defer leave()
	title := a.Title
	if a.TaskID != "" {
		title += " (task " + a.TaskID + ")"
	}
	fmt.Fprintf(c.out, "\n? %s\n", term.Line(title, 200))
	if a.Command != "" {
		fmt.Fprintf(c.out, "%s\n", indent(a.Command))
	}
	for _, change := range a.Changes {
		fmt.Fprintf(c.out, "%s\n", indent(change.Path+"\n"+change.Patch))
	}
	keys := "y yes, n no"
	if slices.Contains(a.Options, agent.DecisionAllowForSession) {
		keys += fmt.Sprintf(", a always in this session: %s", term.Line(a.Rule, 200))
	}
	fmt.Fprintf(c.out, "? %s, c cancel the turn, or what to do instead: ", keys)
	select {
	case <-ctx.Done():
		return agent.Decision{}, c.withdrawn(ctx)
	case l := <-c.lines():
		return decision(l, a.Options), nil
	}
}

// withdrawn says that what is entered next is no answer any more.
func (c *approving) withdrawn(ctx context.Context) error {
	fmt.Fprintln(c.out, "\n(withdrawn)")
	return context.Cause(ctx)
}

// take takes the floor until leave is called: one question at a time is open.
func (c *approving) take(ctx context.Context) (leave func(), err error) {
	select {
	case <-c.floor:
		return func() { c.floor <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func decision(l line, options []string) agent.Decision {
	if l.err != nil {
		return agent.Decision{Decision: agent.DecisionDeny, Feedback: "the user has left"}
	}
	text := strings.TrimSpace(l.text)
	chosen := map[string]string{
		"y": agent.DecisionAllow, "yes": agent.DecisionAllow, "a": agent.DecisionAllowForSession,
		"n": agent.DecisionDeny, "no": agent.DecisionDeny, "": agent.DecisionDeny, "c": agent.DecisionCancelTurn,
	}[strings.ToLower(text)]
	if slices.Contains(options, chosen) {
		return agent.Decision{Decision: chosen}
	}
	return agent.Decision{Decision: agent.DecisionDeny, Feedback: text}
}

// indent sets text apart from ours: no line of it can pass for one of ours.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(term.Safe(text), "\n"), "\n", "\n    ")
}

// unattended is a client with nobody to ask.
type unattended struct{ agent.Client }

// RequestApproval denies and names the way out.
func (unattended) RequestApproval(context.Context, agent.Approval) (agent.Decision, error) {
	return agent.Decision{
		Decision: agent.DecisionDeny,
		Feedback: "nobody is there to ask; the user can allow it with --mode=auto, and without a sandbox with --mode=auto --sandbox=none",
	}, nil
}
