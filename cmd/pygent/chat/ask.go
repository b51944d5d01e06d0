package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// settle is how long keys go unheard after an approval has appeared: what the
// user was typing is no answer to it.
const settle = 400 * time.Millisecond

// ask is something that the user is to answer: an approval or a question.
type ask struct {
	approval *agent.Approval
	question *agent.Question
	answer   chan any // takes one agent.Decision or agent.Answer

	settled  bool // keys are heard
	reasoned bool // the user is writing why not
}

func (a *ask) decide(decision, feedback string) {
	a.answer <- agent.Decision{Decision: decision, Feedback: feedback}
}

// reply answers a question; a number chooses an option.
func (a *ask) reply(text string) {
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(a.question.Options) {
		text = a.question.Options[n-1]
	}
	a.answer <- agent.Answer{Answer: text}
}

// decline answers a question with none.
func (a *ask) decline() { a.answer <- agent.Answer{Cancelled: true} }

// offers reports whether an approval has an option.
func (a *ask) offers(option string) bool { return slices.Contains(a.approval.Options, option) }

// text is all there is to decide on. It goes above the screen, where it can be
// scrolled to however long it is.
func (a *ask) text(p *paper) string {
	if a.question != nil {
		var b strings.Builder
		b.WriteString(p.yellow.Render("? ") + p.markdown(a.question.Question, false))
		for i, option := range a.question.Options {
			fmt.Fprintf(&b, "\n  %d) %s", i+1, term.Line(option, 200))
		}
		return b.String()
	}
	title := term.Line(a.approval.Title, 200)
	if a.approval.TaskID != "" {
		title += " (" + term.Line(a.approval.TaskID, 60) + ")"
	}
	parts := []string{p.yellow.Render("? ") + p.bold.Render(title)}
	if a.approval.Command != "" {
		parts = append(parts, indent(cut(plain(a.approval.Command), p.width-4), "  $ ", "    "))
	}
	for _, c := range a.approval.Changes {
		patch := plain(c.Patch)
		if !strings.HasPrefix(patch, "--- ") { // words, as for a link: the file is not named there
			patch = term.Line(c.Path, 200) + ": " + patch
		}
		parts = append(parts, indent(cut(p.patchLines(patch), p.width-2), "  ", "  "))
	}
	return strings.Join(parts, "\n")
}

// panel is what can be answered, for the screen's lower end.
func (a *ask) panel(p *paper) string {
	switch {
	case a.question != nil:
		return paint(p.faint, wrap("Answer and press Enter; Esc gives no answer.", p.width))
	case a.reasoned:
		return paint(p.faint, wrap("What should it do instead? Enter denies; Esc goes back.", p.width))
	}
	if !a.settled { // keys are not heard yet
		p = &paper{theme{}, p.width, p.renderer}
	}
	rows := []string{p.yellow.Render("Allow?"), p.choice("y", "yes")}
	if a.offers(agent.DecisionAllowForSession) {
		rows = append(rows, p.choice("a", "always in this session: "+a.approval.Rule))
	}
	rows = append(rows, p.choice("n", "no; you can say what to do instead"), p.choice("c", "cancel the turn"))
	if !a.settled {
		rows[0] += " …"
	}
	return strings.Join(rows, "\n")
}

// choice is a line: a key and what it does.
func (p *paper) choice(k, what string) string {
	return "  " + p.bold.Render(k) + "  " + short(what, max(10, p.width-6))
}
