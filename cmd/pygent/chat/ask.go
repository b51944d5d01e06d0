package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	xansi "github.com/charmbracelet/x/ansi"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// quiet is the time without typing before a key may answer, so that a user who is typing
// a message does not answer. hold is the time after such a key: if another key follows
// within it, the key was the start of a word or a paste.
const (
	quiet = time.Second
	hold  = 250 * time.Millisecond
)

// ask is an approval or a question to the user.
type ask struct {
	approval *event.Approval
	question *event.Question
	answer   chan any // receives one event.Decision or event.Answer

	rows     int  // height of its text
	open     bool // the input is the answer to the question
	reasoned bool // the input is the reason to deny
}

func (a *ask) decide(decision event.Choice, feedback string) {
	a.answer <- event.Decision{Decision: decision, Feedback: feedback}
}

// reply answers a question; a number chooses an option.
func (a *ask) reply(text string) {
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(a.question.Options) {
		text = a.question.Options[n-1]
	}
	a.answer <- event.Answer{Answer: text}
}

// decline answers that the user gives no answer.
func (a *ask) decline() { a.answer <- event.Answer{Cancelled: true} }

// offers reports whether an approval has an option.
func (a *ask) offers(option event.Choice) bool { return slices.Contains(a.approval.Options, option) }

// text is the full text of the ask. It is printed above the screen, so that the user can
// scroll to all of it.
func (a *ask) text(p *paper) string {
	if a.question != nil {
		var b strings.Builder
		b.WriteString(p.yellow.Render("? ") + p.markdown(a.question.Question, false))
		for i, option := range a.question.Options {
			fmt.Fprintf(&b, "\n  %d) %s", i+1, term.Line(option, 200))
		}
		return b.String()
	}
	title := term.Line(a.approval.Title, maxTitle)
	if a.approval.TaskID != "" {
		title += " (" + term.Line(a.approval.TaskID, 60) + ")"
	}
	parts := []string{p.yellow.Render("? ") + p.bold.Render(wrap(title, p.width-2))}
	if a.approval.Command != "" {
		parts = append(parts, indent(cut(plain(a.approval.Command), p.width-4), "  $ ", "    "))
	}
	for _, c := range a.approval.Changes {
		patch := plain(c.Patch)
		if !strings.HasPrefix(patch, "--- ") { // a sentence, as for a link, which does not name the file
			patch = term.Line(c.Path, 200) + ": " + patch
		}
		parts = append(parts, indent(cut(p.patchLines(patch), p.width-2), "  ", "  "))
	}
	if rule := a.always(); a.offers(event.DecisionAllowForSession) && xansi.StringWidth(rule) > p.width-choiceIndent {
		parts = append(parts, indent(cut(rule, p.width-4), "  a ", "    ")) // the choice below shows only its beginning
	}
	return strings.Join(parts, "\n")
}

// maxTitle bounds a title, in characters.
const maxTitle = 4000

// always says what the choice for the session allows.
func (a *ask) always() string {
	return "always in this session: " + term.Line(a.approval.Rule, maxTitle)
}

// keyState says what keys do while an ask is open.
type keyState int

const (
	keysWait   keyState = iota // something was typed less than a second ago
	keysWrite                  // the input has text: keys edit it
	keysAnswer                 // a key answers
)

// panel shows the possible answers at the bottom of the screen.
func (a *ask) panel(p *paper, e keyState) string {
	switch {
	case a.reasoned:
		return paint(p.faint, wrap("What should it do instead? Enter denies; Esc goes back.", p.width))
	case a.question != nil && a.open:
		return paint(p.faint, wrap("Answer and press Enter; Esc gives no answer.", p.width))
	case a.question != nil && e == keysWrite:
		return paint(p.faint, wrap("… Enter sends what you write, Esc puts it aside; then answer.", p.width))
	case a.question != nil:
		return paint(p.faint, wrap("… answer after a second without typing.", p.width))
	}
	if e != keysAnswer {
		p = &paper{theme{}, p.width, p.renderer}
	}
	rows := []string{p.yellow.Render("Allow?"), p.choice("y", "yes")}
	if a.offers(event.DecisionAllowForSession) {
		rows = append(rows, p.choice("a", a.always()))
	}
	rows = append(rows, p.choice("n", "no; you can say what to do instead"), p.choice("c", "cancel the turn"))
	switch e {
	case keysWait:
		rows[0] += " " + short("… keys answer after a second without typing", p.width-7)
	case keysWrite:
		rows[0] += " " + short("… Enter sends what you write, Esc puts it aside", p.width-7)
	case keysAnswer:
	}
	return strings.Join(rows, "\n")
}

// choiceIndent is the width before the text of a choice, in cells.
const choiceIndent = 6

// choice is a line with a key and its meaning.
func (p *paper) choice(k, what string) string {
	return "  " + p.bold.Render(k) + "  " + short(what, max(10, p.width-choiceIndent))
}
