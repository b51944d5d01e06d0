package chat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// Limits of the shown part of a tool's output.
const (
	maxTail   = 8 << 10 // bytes kept while the call runs
	liveLines = 5       // lines shown while the call runs
	doneLines = 8       // lines shown after its end
)

// tool is a running call.
type tool struct {
	id            string
	title, detail string
	terminal      bool   // what comes of it begins with the command
	tail          string // of its output
}

// tool handles the events of a call.
func (t *transcript) tool(e event.Event) {
	called := func(r *tool) bool { return r.id == e.CallID }
	i := slices.IndexFunc(t.tools, called)
	switch {
	case e.Kind == event.KindToolStarted:
		row := &tool{id: e.CallID, terminal: e.Terminal}
		row.title, row.detail = term.Titled(e)
		t.tools = append(t.tools, row)
	case e.Kind == event.KindToolFinished && i < 0:
		row := &tool{title: e.Tool}
		if i := slices.IndexFunc(t.closed, called); i >= 0 {
			row = t.closed[i]
		}
		t.finished(row, e)
	case e.Kind == event.KindToolFinished:
		row := t.tools[i]
		t.tools = slices.Delete(t.tools, i, i+1)
		t.finished(row, e)
	case i >= 0:
		t.tools[i].tail = keepTail(t.tools[i].tail + e.Delta)
	}
}

// finished prints a finished call.
func (t *transcript) finished(row *tool, e event.Event) {
	mark, suffix := t.green.Render("✓ "), ""
	if e.IsError || e.ExitCode != nil && *e.ExitCode != 0 {
		mark = t.red.Render("✗ ")
	}
	if e.DurationSeconds >= 1 {
		suffix = fmt.Sprintf(" %.0fs", e.DurationSeconds)
	}
	text := mark + row.head(t.paper) + t.faint.Render(suffix)
	if body := ended(term.Said(e.Text, row.terminal)); body != "" {
		text += "\n" + paint(t.faint, indent(cut(body, t.width-4), "    ", "    "))
	}
	t.print(sectionTool, text)
}

// ended returns the end of a tool's answer, because a failed command shows its error
// there.
func ended(text string) string {
	lines := strings.Split(strings.TrimRight(plain(text), "\n"), "\n")
	if len(lines) > doneLines {
		more := fmt.Sprintf("… %d lines", len(lines)-doneLines)
		lines = append([]string{more}, lines[len(lines)-doneLines:]...)
	}
	for i, line := range lines {
		if r := []rune(line); len(r) > 400 {
			lines[i] = string(r[:400]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// live draws a running call: its title, and the end of its output.
func (r *tool) live(p *paper, picture string) string {
	row := p.cyan.Render(picture+" ") + r.head(p)
	if tail := strings.TrimRight(plain(r.tail), "\n"); tail != "" {
		row += "\n" + paint(p.faint, indent(lastLines(cut(tail, p.width-4), liveLines), "    ", "    "))
	}
	return row
}

func (r *tool) head(p *paper) string {
	title := short(r.title, 40)
	return p.bold.Render(title) + " " + short(r.detail, max(10, p.width-8-len(title)))
}

func keepTail(s string) string {
	if len(s) > maxTail {
		return strings.ToValidUTF8(s[len(s)-maxTail:], "")
	}
	return s
}

func lastLine(s string) string { return lastLines(strings.TrimRight(s, "\n"), 1) }

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
