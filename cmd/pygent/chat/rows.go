package chat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// Bounds of what is shown of a tool's output.
const (
	maxTail   = 8 << 10 // bytes that are kept of a running one's
	liveLines = 5       // of a running one
	doneLines = 8       // of one that has ended
)

// tool is a call that runs.
type tool struct {
	id, name, about string
	tail            string // of its output
}

// tool follows a call from its start to its end.
func (t *transcript) tool(e agent.Event) {
	called := func(r *tool) bool { return r.id == e.CallID }
	i := slices.IndexFunc(t.tools, called)
	switch {
	case e.Kind == agent.KindToolStarted:
		t.tools = append(t.tools, &tool{id: e.CallID, name: e.Tool, about: about(e.Arguments)})
	case e.Kind == agent.KindToolFinished && i < 0:
		row := &tool{name: e.Tool}
		if i := slices.IndexFunc(t.closed, called); i >= 0 {
			row = t.closed[i]
		}
		t.finished(row, e)
	case e.Kind == agent.KindToolFinished:
		row := t.tools[i]
		t.tools = slices.Delete(t.tools, i, i+1)
		t.finished(row, e)
	case i >= 0:
		t.tools[i].tail = keepTail(t.tools[i].tail + e.Delta)
	}
}

// finished prints a call that has ended.
func (t *transcript) finished(row *tool, e agent.Event) {
	mark, suffix := t.green.Render("✓ "), ""
	if e.IsError || e.ExitCode != nil && *e.ExitCode != 0 {
		mark = t.red.Render("✗ ")
	}
	if e.DurationSeconds >= 1 {
		suffix = fmt.Sprintf(" %.0fs", e.DurationSeconds)
	}
	text := mark + row.title(t.paper) + t.faint.Render(suffix)
	if body := ended(e); body != "" {
		text += "\n" + paint(t.faint, indent(cut(body, t.width-4), "    ", "    "))
	}
	t.print(sectionTool, text)
}

// ended is the end of a tool's answer, which is where commands fail.
func ended(e agent.Event) string {
	lines := strings.Split(strings.TrimRight(plain(term.Said(e)), "\n"), "\n")
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

// live draws a call that runs: what it is about, and the end of its output.
func (r *tool) live(p *paper, picture string) string {
	row := p.cyan.Render(picture+" ") + r.title(p)
	if tail := strings.TrimRight(plain(r.tail), "\n"); tail != "" {
		row += "\n" + paint(p.faint, indent(lastLines(cut(tail, p.width-4), liveLines), "    ", "    "))
	}
	return row
}

func (r *tool) title(p *paper) string {
	name := short(r.name, 40)
	return p.bold.Render(name) + " " + short(r.about, max(10, p.width-8-len(name)))
}

// about is what a call's arguments are about: the values, short.
func about(arguments string) string {
	var args map[string]any
	if json.Unmarshal([]byte(arguments), &args) != nil {
		return arguments
	}
	for _, name := range []string{"cmd", "path", "prompt", "task_id", "job_id"} {
		if s, ok := args[name].(string); ok {
			return s
		}
	}
	if len(args) == 0 {
		return ""
	}
	return arguments
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
