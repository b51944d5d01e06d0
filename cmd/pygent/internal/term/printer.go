package term

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/pygent/pygent/agent"
)

// Printer is an agent.Client that prints a turn as plain lines: what the model
// says to Out, and what it does to Activity. Nothing that it prints can control
// a terminal.
type Printer struct {
	Out      io.Writer // the model's words
	Activity io.Writer // tools, retries, notices; may be Out

	mu      sync.Mutex
	midline bool // Out stands behind text without a newline
}

var _ agent.Client = (*Printer)(nil)

// Event prints e. Of a delegated agent's words the beginning of the last ones is
// printed, and its tools are.
func (p *Printer) Event(_ context.Context, e agent.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	prefix := ""
	if e.TaskID != "" {
		prefix = "[" + e.TaskID + "] "
	}
	switch e.Kind {
	case agent.KindTextDelta:
		if e.TaskID == "" {
			p.say(e.Delta)
		}
	case agent.KindMessage:
		if e.TaskID == "" && e.Role == agent.RoleAssistant {
			p.endLine()
		}
	case agent.KindToolStarted:
		p.note("%s* %s %s", prefix, e.Tool, Line(e.Arguments, 160))
	case agent.KindToolFinished:
		p.finished(prefix, e)
	case agent.KindFileChanged:
		p.note("%s  %s %s (+%d -%d)", prefix, e.Change, Line(e.Path, 200), e.Added, e.Removed)
	case agent.KindRetrying:
		p.note("%sretry %d in %.1fs: %s", prefix, e.Attempt, e.DelaySeconds, Line(e.Reason, 300))
	case agent.KindTurnFinished:
		if e.TaskID != "" {
			p.note("%s%s: %s", prefix, e.Status, Line(e.Text, 160))
		}
	case agent.KindNotice:
		p.note("%s%s: %s", prefix, e.Level, Line(e.Text, 300))
	}
}

// finished prints the end of a tool's answer, which is where commands fail.
func (p *Printer) finished(prefix string, e agent.Event) {
	lines := strings.Split(strings.TrimRight(Safe(Said(e)), "\n"), "\n")
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

// Said is what a tool has said, without the line that repeats a command. What was
// not run has no such line.
func Said(e agent.Event) string {
	if e.Tool == "bash" && strings.HasPrefix(e.Text, "$ ") {
		_, output, _ := strings.Cut(e.Text, "\n")
		return output
	}
	return e.Text
}

// Report says how a turn ended where its words do not.
func Report(w io.Writer, res agent.StepResult) {
	switch {
	case res.Question != nil:
		fmt.Fprintf(w, "the model asks: %s\n", Safe(res.Question.Text))
		for _, option := range res.Question.Options {
			fmt.Fprintf(w, "  - %s\n", Line(option, 200))
		}
	case res.Error != nil:
		fmt.Fprintf(w, "%s: %s\n", res.Status, Safe(res.Error.Message))
	case res.Status != agent.StatusCompleted:
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

// note prints one line. Whatever of it is untrusted is made safe here.
func (p *Printer) note(format string, args ...any) {
	p.endLine()
	text := strings.ReplaceAll(Safe(fmt.Sprintf(format, args...)), "\n", " ")
	fmt.Fprintln(p.Activity, text)
}

// endLine keeps the words of the model and what it does apart.
func (p *Printer) endLine() {
	if p.midline {
		fmt.Fprintln(p.Out)
		p.midline = false
	}
}

// RequestApproval denies: nobody is asked here.
func (p *Printer) RequestApproval(ctx context.Context, a agent.Approval) (agent.Decision, error) {
	return agent.Discard{}.RequestApproval(ctx, a)
}

// AskUser cannot ask: the turn ends with the question.
func (p *Printer) AskUser(context.Context, agent.Question) (agent.Answer, bool, error) {
	return agent.Answer{}, false, nil
}
