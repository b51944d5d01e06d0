package chat

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/tasks"
)

// section is the kind of a printed block. A blank line separates blocks of different
// kinds.
type section int

const (
	sectionNone section = iota
	sectionText         // a blank line also separates blocks of text
	sectionTool
	sectionNote
)

// transcript turns events into blocks, which are printed above the screen once, and open
// blocks, which the screen draws.
type transcript struct {
	*paper
	printed  []string // blocks for the next print
	last     section
	words    blocks
	streamed bool // deltas of the current reply have arrived
	turning  bool // a turn runs
	thinking string
	tools    []*tool // in the order of their start
	closed   []*tool // without an end in the last turn: a later server may report it
	used     tally
	tasks    map[string]known // by id
	prompts  []string         // the user's messages, for the history

	shown piece // the open block that was last rendered, and its rendering
	as    string
}

func newTranscript(p *paper) *transcript {
	return &transcript{paper: p, tasks: map[string]known{}}
}

// set changes the paper for later blocks.
func (t *transcript) set(p *paper) { t.paper, t.shown = p, piece{} }

// print adds a block. text must be safe to print and fit the screen's width.
func (t *transcript) print(s section, text string) {
	if t.last != sectionNone && (s != t.last || s == sectionText) {
		text = "\n" + text
	}
	t.last = s
	t.printed = append(t.printed, text)
}

// note prints Pygent's own text and makes its untrusted parts safe.
func (t *transcript) note(format string, args ...any) {
	t.print(sectionNote, wrap(plain(strings.TrimRight(fmt.Sprintf(format, args...), "\n")), t.width))
}

// echo prints a command of the user.
func (t *transcript) echo(command string) {
	t.print(sectionText, paint(t.faint, indent(wrap(plain(command), t.width-2), "› ", "  ")))
}

// mishap prints an error.
func (t *transcript) mishap(text string) {
	t.print(sectionNote, paint(t.red, wrap(plain(text), t.width)))
}

// take returns the blocks to print now.
func (t *transcript) take() []string {
	out := t.printed
	t.printed = nil
	return out
}

// event handles e. It skips the text and tools of delegated agents, which /tasks shows. It
// shows the outcome of their approvals, because those were shown here.
func (t *transcript) event(e event.Event) {
	if e.TaskID != "" {
		if e.Kind == event.KindApprovalResolved {
			t.resolved(e)
		}
		return
	}
	t.used.event(e)
	switch e.Kind {
	case event.KindTurnStarted:
		t.turning = true
	case event.KindTextDelta:
		t.streamed, t.thinking = true, ""
		t.say(t.words.add(e.Delta))
	case event.KindReasoningDelta:
		t.thinking = keepTail(t.thinking + e.Delta)
	case event.KindMessage:
		t.message(e)
	case event.KindToolStarted, event.KindToolOutput, event.KindToolFinished:
		t.tool(e)
	case event.KindFileChanged:
		t.print(sectionTool, paint(t.faint, wrap(fmt.Sprintf("  %s %s (+%d -%d)", plain(e.Change), term.Line(e.Path, 200), e.Added, e.Removed), t.width)))
	case event.KindTurnFinished:
		t.turnFinished(e)
	default:
		t.notice(e)
	}
}

func (t *transcript) notice(e event.Event) {
	switch e.Kind {
	case event.KindRetrying:
		t.note("retry %d in %.1fs: %s", e.Attempt, e.DelaySeconds, e.Reason)
	case event.KindNotice:
		t.note("%s: %s", e.Level, e.Text)
	case event.KindApprovalResolved:
		t.resolved(e)
	case event.KindRewound:
		t.note("the conversation is as it was before %s", e.ToTurnID)
	}
}

// resolved prints the outcome of an approval.
func (t *transcript) resolved(e event.Event) {
	text := string(e.Decision)
	switch e.Decision {
	case event.DecisionAllow:
		text = "allowed"
	case event.DecisionAllowForSession:
		text = "allowed in this session"
	case event.DecisionDeny:
		text = "denied"
	case event.DecisionCancelTurn:
		text = "denied, and the turn cancelled"
	case event.DecisionWithdrawn: // as it is called
	}
	for _, why := range []string{e.Rule, e.Feedback} {
		if why != "" {
			text += ": " + term.Line(why, 200)
		}
	}
	t.print(sectionTool, paint(t.faint, wrap("  "+text, t.width)))
}

func (t *transcript) message(e event.Event) {
	switch e.Role {
	case event.RoleUser:
		t.prompts = append(t.prompts, e.Text)
		t.print(sectionText, indent(paint(t.bold, wrap(plain(e.Text), t.width-2)), t.cyan.Render("› "), "  "))
	case event.RoleAssistant:
		if !t.streamed {
			t.say(t.words.add(e.Text))
		}
		t.endWords()
	default: // nobody says these
	}
}

// settle closes all open blocks at the end of a turn.
func (t *transcript) settle() {
	t.endWords()
	t.closed, t.tools, t.turning = t.tools, nil, false
}

// endWords prints the rest of a reply.
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

func (t *transcript) turnFinished(e event.Event) {
	t.settle()
	switch {
	case e.Question != nil:
		t.note("? %s", e.Question.Text)
	case e.Error != nil:
		t.mishap(string(e.Status) + ": " + e.Error.Message)
	case e.Status != event.StatusCompleted:
		t.note("[%s]", e.Status)
	}
}

// known is the last state of a delegated agent.
type known struct {
	state    tasks.State
	revision int64
}

// task handles a new state of a delegated agent.
func (t *transcript) task(task tasks.Task) {
	old, told := t.tasks[task.TaskID]
	if told && task.Revision < old.revision {
		return // older than the known state
	}
	t.tasks[task.TaskID] = known{task.State, task.Revision}
	if told && old.state == task.State || task.State == tasks.StateQueued {
		return
	}
	text := fmt.Sprintf("%s %s: %s", task.TaskID, term.Line(task.Name, 60), task.Status)
	if task.Question != nil {
		text += ", it asks: " + term.Line(task.Question.Text, 200)
	}
	t.note("%s", text)
}

// busy returns how many delegated agents run.
func (t *transcript) busy() (n int) {
	for task := range maps.Values(t.tasks) {
		if task.state == tasks.StateRunning {
			n++
		}
	}
	return n
}

// live draws the open blocks, the model's text and the running tools: their last lines, at
// most most.
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
