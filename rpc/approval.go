package rpc

import (
	"context"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
)

// maxApprovalText bounds an approval that is shown as a message, in bytes. A longer
// one is denied, because the user must not allow a text that is not shown.
const maxApprovalText = 16 << 10

// approveByMessage asks for an approval with window/showMessageRequest.
func (p *Peer) approveByMessage(ctx context.Context, a event.Approval) (event.Decision, error) {
	deny := event.Decision{Decision: event.DecisionDeny}
	m := MessageRequest{Type: MessageWarning, Message: approvalText(a)}
	if len(m.Message) > maxApprovalText {
		deny.Feedback = "it is too long to be shown to the user; make it shorter"
		return deny, nil
	}
	for _, option := range a.Options {
		m.Actions = append(m.Actions, MessageAction{actionTitle(option, a)})
	}
	title, ok, err := p.ShowMessage(ctx, m)
	if err != nil || !ok {
		deny.Feedback = "the user gave no answer"
		return deny, err
	}
	return event.Decision{Decision: a.Options[slices.Index(m.Actions, MessageAction{title})]}, nil
}

// approvalText returns the full text of an approval.
func approvalText(a event.Approval) string {
	parts := []string{a.Title}
	if a.TaskID != "" {
		parts[0] += " (task " + a.TaskID + ")"
	}
	if a.Command != "" {
		parts = append(parts, a.Command)
	}
	for _, c := range a.Changes {
		parts = append(parts, c.Path+"\n"+c.Patch)
	}
	return strings.Join(parts, "\n\n")
}

func actionTitle(option event.Choice, a event.Approval) string {
	switch option {
	case event.DecisionAllow:
		return "Allow"
	case event.DecisionAllowForSession:
		return "Allow for this session: " + a.Rule
	case event.DecisionDeny:
		return "Deny"
	default:
		return "Cancel the turn"
	}
}
