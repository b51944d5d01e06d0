package session

import (
	"fmt"
	"strings"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
)

// markdown writes a session for people.
type markdown struct{ b strings.Builder }

func (x *markdown) begin(h journal.Header) {
	fmt.Fprintf(&x.b, "# Session %s\n\n- workspace: %s\n- begun: %s\n", h.SessionID, h.Root, h.CreatedAt.Format(time.RFC3339))
	if h.Model != "" {
		fmt.Fprintf(&x.b, "- model: %s\n", h.Model)
	}
}

func (x *markdown) event(e event.Event) {
	switch e.Kind {
	case event.KindMessage:
		if e.Text != "" {
			fmt.Fprintf(&x.b, "\n## %s\n\n%s\n", heading(e.Role), e.Text)
		}
	case event.KindToolStarted:
		fmt.Fprintf(&x.b, "\n### %s\n\n", e.Tool)
		x.block(e.Arguments)
	case event.KindToolFinished:
		x.b.WriteString("\n")
		x.block(e.Text)
	case event.KindFileChanged:
		fmt.Fprintf(&x.b, "\n- %s %s (+%d −%d)\n", e.Change, e.Path, e.Added, e.Removed)
	case event.KindNotice:
		fmt.Fprintf(&x.b, "\n> %s: %s\n", e.Level, strings.ReplaceAll(e.Text, "\n", "\n> "))
	case event.KindRewound:
		fmt.Fprintf(&x.b, "\n> rewound to before turn %s\n", e.ToTurnID)
	case event.KindReverted:
		fmt.Fprintf(&x.b, "\n> files reverted to before turn %s\n", e.ToTurnID)
	case event.KindTurnFinished:
		if e.Status != event.StatusCompleted {
			fmt.Fprintf(&x.b, "\n> %s\n", strings.TrimSuffix(string(e.Status)+": "+strings.ReplaceAll(e.Reason, "\n", " "), ": "))
		}
	}
}

func heading(role event.Role) string {
	if role == event.RoleUser {
		return "User"
	}
	return "Assistant"
}

// block fences text with more backticks than the text has in a row.
func (x *markdown) block(text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	fmt.Fprintf(&x.b, "%s\n%s\n%s\n", fence, strings.TrimSuffix(text, "\n"), fence)
}

func (x *markdown) size() int { return x.b.Len() }

func (x *markdown) end() string { return x.b.String() }
