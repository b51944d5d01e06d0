package term

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
)

// Printer is an event.Client that prints a turn as plain lines: the model's text to Out,
// and its actions to Activity. Its output cannot control a terminal.
type Printer struct {
	Out      io.Writer // the model's text
	Activity io.Writer // tools, retries, notices; may be Out

	mu      sync.Mutex
	calls   Calls
	midline bool // the last text on Out has no newline
}

var _ event.Client = (*Printer)(nil)

// Event prints e. Of a delegated agent it prints the tools and the beginning of the final
// text.
func (p *Printer) Event(_ context.Context, e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	prefix := ""
	if e.TaskID != "" {
		prefix = "[" + e.TaskID + "] "
	}
	switch e.Kind {
	case event.KindTextDelta:
		if e.TaskID == "" {
			p.say(e.Delta)
		}
	case event.KindMessage:
		if e.TaskID == "" && e.Role == event.RoleAssistant {
			p.endLine()
		}
	case event.KindToolStarted:
		p.note("%s* %s", prefix, p.calls.Begin(e, 160))
	case event.KindToolFinished:
		p.finished(prefix, e)
	case event.KindFileChanged:
		p.note("%s  %s %s (+%d -%d)", prefix, e.Change, Line(e.Path, 200), e.Added, e.Removed)
	case event.KindRetrying:
		p.note("%sretry %d in %.1fs: %s", prefix, e.Attempt, e.DelaySeconds, Line(e.Reason, 300))
	case event.KindTurnFinished:
		if e.TaskID != "" {
			p.note("%s%s: %s", prefix, e.Status, Line(e.Text, 160))
		}
	case event.KindNotice:
		p.note("%s%s: %s", prefix, e.Level, Line(e.Text, 300))
	}
}

// finished prints the end of a tool's answer, because a failed command shows its error
// there.
func (p *Printer) finished(prefix string, e event.Event) {
	text, _ := p.calls.End(e)
	lines := strings.Split(strings.TrimRight(Safe(text), "\n"), "\n")
	const most = 8
	if len(lines) > most {
		p.note("%s  … %d lines", prefix, len(lines)-most)
		lines = lines[len(lines)-most:]
	}
	for _, line := range lines {
		if line != "" {
			p.note("%s  %s", prefix, Line(line, 200))
		}
	}
}

// Report prints how a turn ended unless its text already says so.
func Report(w io.Writer, res session.StepResult) {
	switch {
	case res.Question != nil:
		fmt.Fprintf(w, "the model asks: %s\n", Safe(res.Question.Text))
		for _, option := range res.Question.Options {
			fmt.Fprintf(w, "  - %s\n", Line(option, 200))
		}
	case res.Error != nil:
		fmt.Fprintf(w, "%s: %s\n", res.Status, Safe(res.Error.Message))
	case res.Status != event.StatusCompleted:
		fmt.Fprintf(w, "%s after %d model round(s)\n", res.Status, res.Steps)
	}
}

func (p *Printer) say(text string) {
	if text == "" {
		return
	}
	text = Safe(text)
	fmt.Fprint(p.Out, text)
	p.midline = !strings.HasSuffix(text, "\n")
}

// note prints one line and makes its untrusted parts safe.
func (p *Printer) note(format string, args ...any) {
	p.endLine()
	text := strings.ReplaceAll(Safe(fmt.Sprintf(format, args...)), "\n", " ")
	fmt.Fprintln(p.Activity, text)
}

// endLine ends the line of the model's text before other output.
func (p *Printer) endLine() {
	if p.midline {
		fmt.Fprintln(p.Out)
		p.midline = false
	}
}

// RequestApproval denies without asking.
func (p *Printer) RequestApproval(ctx context.Context, a event.Approval) (event.Decision, error) {
	return event.Discard{}.RequestApproval(ctx, a)
}

// AskUser gives no answer, so the turn ends with the question.
func (p *Printer) AskUser(context.Context, event.Question) (event.Answer, bool, error) {
	return event.Answer{}, false, nil
}
