package chat

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/tasks"
)

// section is what a printed block is about: blocks of one kind stand together,
// and a blank line between two kinds.
type section int

const (
	sectionNone section = iota
	sectionText         // each block of the model's words stands apart
	sectionTool
	sectionNote
)

// transcript turns events into what is printed above the screen, once and for
// good, and what is still open.
type transcript struct {
	*paper
	printed  []string // for the next print, each one block
	last     section
	words    blocks
	streamed bool // deltas of the reply under way have come
	turning  bool // a turn runs
	thinking string
	tools    []*tool // in the order of their start
	closed   []*tool // that the last turn left without an end: a later server tells it
	used     tally
	tasks    map[string]tasks.State
	prompts  []string // of the user's, for the history

	shown piece // the open block that was rendered last, and how
	as    string
}

func newTranscript(p *paper) *transcript {
	return &transcript{paper: p, tasks: map[string]tasks.State{}}
}

// set changes the paper for what comes from now on.
func (t *transcript) set(p *paper) { t.paper, t.shown = p, piece{} }

// print adds a block; text is safe to print and has no longer lines than the
// screen.
func (t *transcript) print(s section, text string) {
	if t.last != sectionNone && (s != t.last || s == sectionText) {
		text = "\n" + text
	}
	t.last = s
	t.printed = append(t.printed, text)
}

// note prints a line or more of ours, whose untrusted parts are made safe here.
func (t *transcript) note(format string, args ...any) {
	t.print(sectionNote, wrap(plain(strings.TrimRight(fmt.Sprintf(format, args...), "\n")), t.width))
}

// echo prints a command of the user's.
func (t *transcript) echo(command string) {
	t.print(sectionText, paint(t.faint, indent(wrap(plain(command), t.width-2), "› ", "  ")))
}

// mishap prints an error.
func (t *transcript) mishap(text string) {
	t.print(sectionNote, paint(t.red, wrap(plain(text), t.width)))
}

// take is what is to be printed now.
func (t *transcript) take() []string {
	out := t.printed
	t.printed = nil
	return out
}

// event follows e. A delegated agent's words and tools are its own: /tasks shows
// them. What it asked was shown here, and so is what that came to.
func (t *transcript) event(e agent.Event) {
	if e.TaskID != "" {
		if e.Kind == agent.KindApprovalResolved {
			t.resolved(e)
		}
		return
	}
	t.used.event(e)
	switch e.Kind {
	case agent.KindTurnStarted:
		t.turning = true
	case agent.KindTextDelta:
		t.streamed, t.thinking = true, ""
		t.say(t.words.add(e.Delta))
	case agent.KindReasoningDelta:
		t.thinking = keepTail(t.thinking + e.Delta)
	case agent.KindMessage:
		t.message(e)
	case agent.KindToolStarted, agent.KindToolOutput, agent.KindToolFinished:
		t.tool(e)
	case agent.KindFileChanged:
		t.print(sectionTool, paint(t.faint, wrap(fmt.Sprintf("  %s %s (+%d -%d)", plain(e.Change), term.Line(e.Path, 200), e.Added, e.Removed), t.width)))
	case agent.KindTurnFinished:
		t.turnFinished(e)
	default:
		t.notice(e)
	}
}

func (t *transcript) notice(e agent.Event) {
	switch e.Kind {
	case agent.KindRetrying:
		t.note("retry %d in %.1fs: %s", e.Attempt, e.DelaySeconds, e.Reason)
	case agent.KindNotice:
		t.note("%s: %s", e.Level, e.Text)
	case agent.KindApprovalResolved:
		t.resolved(e)
	case agent.KindRewound:
		t.note("the conversation is as it was before %s", e.ToTurnID)
	}
}

// resolved tells what an approval came to.
func (t *transcript) resolved(e agent.Event) {
	text := e.Decision
	switch e.Decision {
	case agent.DecisionAllow:
		text = "allowed"
	case agent.DecisionAllowForSession:
		text = "allowed in this session"
	case agent.DecisionDeny:
		text = "denied"
	case agent.DecisionCancelTurn:
		text = "denied, and the turn cancelled"
	}
	for _, why := range []string{e.Rule, e.Feedback} {
		if why != "" {
			text += ": " + term.Line(why, 200)
		}
	}
	t.print(sectionTool, paint(t.faint, wrap("  "+text, t.width)))
}

func (t *transcript) message(e agent.Event) {
	switch e.Role {
	case agent.RoleUser:
		t.prompts = append(t.prompts, e.Text)
		t.print(sectionText, indent(paint(t.bold, wrap(plain(e.Text), t.width-2)), t.cyan.Render("› "), "  "))
	case agent.RoleAssistant:
		if !t.streamed {
			t.say(t.words.add(e.Text))
		}
		t.endWords()
	}
}

// settle closes what is open: nothing of a turn goes on behind its end.
func (t *transcript) settle() {
	t.endWords()
	t.closed, t.tools, t.turning = t.tools, nil, false
}

// endWords prints what is left of a reply.
func (t *transcript) endWords() {
	t.say(t.words.end())
	t.words, t.streamed, t.thinking = blocks{}, false, ""
}

func (t *transcript) say(done []piece) {
	for _, p := range done {
		text := t.markdown(p.text, p.joined)
		if p.joined {
			t.printed = append(t.printed, text)
			t.last = sectionText
			continue
		}
		t.print(sectionText, text)
	}
}

func (t *transcript) turnFinished(e agent.Event) {
	t.settle()
	switch {
	case e.Question != nil:
		t.note("? %s", e.Question.Text)
	case e.Error != nil:
		t.mishap(e.Status + ": " + e.Error.Message)
	case e.Status != agent.StatusCompleted:
		t.note("[%s]", e.Status)
	}
}

// task follows a delegated agent's state.
func (t *transcript) task(task tasks.Task) {
	old, known := t.tasks[task.TaskID]
	t.tasks[task.TaskID] = task.State
	if known && old == task.State || task.State == tasks.StateQueued {
		return
	}
	text := fmt.Sprintf("%s %s: %s", task.TaskID, term.Line(task.Name, 60), task.Status)
	if task.Question != nil {
		text += ", it asks: " + term.Line(task.Question.Text, 200)
	}
	t.note("%s", text)
}

// busy is how many delegated agents run.
func (t *transcript) busy() (n int) {
	for state := range maps.Values(t.tasks) {
		if state == tasks.StateRunning {
			n++
		}
	}
	return n
}

// live is what is open: the model's words and the tools that run, in no more
// than most lines, the last ones.
func (t *transcript) live(most int, picture string) string {
	var parts []string
	if open := t.words.open(); strings.TrimSpace(open.text) != "" {
		if open != t.shown {
			t.shown, t.as = open, t.markdown(open.text, open.joined)
		}
		parts = append(parts, t.as)
	}
	if t.thinking != "" {
		parts = append(parts, paint(t.faint, wrap("thinking: "+short(lastLine(t.thinking), t.width-12), t.width)))
	}
	for _, r := range t.tools {
		parts = append(parts, r.live(t.paper, picture))
	}
	if len(parts) == 0 {
		return ""
	}
	return lastLines(strings.Join(parts, "\n"), most)
}
