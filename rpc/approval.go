package rpc

import (
	"context"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent"
)

// maxApprovalText bounds an approval that is asked for by a message, in bytes. A
// longer one is denied: what is not shown must not be allowed.
const maxApprovalText = 16 << 10

// approveByMessage asks with the means of a language client.
func (p *Peer) approveByMessage(ctx context.Context, a agent.Approval) (agent.Decision, error) {
	deny := agent.Decision{Decision: agent.DecisionDeny}
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
	return agent.Decision{Decision: a.Options[slices.Index(m.Actions, MessageAction{title})]}, nil
}

// approvalText is all that there is to decide on.
func approvalText(a agent.Approval) string {
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

func actionTitle(option string, a agent.Approval) string {
	switch option {
	case agent.DecisionAllow:
		return "Allow"
	case agent.DecisionAllowForSession:
		return "Allow for this session: " + a.Rule
	case agent.DecisionDeny:
		return "Deny"
	default:
		return "Cancel the turn"
	}
}
