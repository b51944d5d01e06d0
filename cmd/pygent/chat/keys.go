package chat

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/pygent/pygent/agent/event"
)

// key handles a key. While an ask is open, keys that do not answer it still edit the input.
func (m *screen) key(msg tea.KeyPressMsg) tea.Cmd {
	calm, alone := m.quiet, m.held == ""
	quietLater := m.startQuiet()
	m.release()
	switch msg.String() {
	case "ctrl+c":
		return m.stop()
	case "ctrl+z":
		return tea.Suspend
	}
	m.leaving = false
	if msg.Code == tea.KeyEnter && !alone { // meant for the key before; answers nothing
		return quietLater
	}
	if len(m.asks) > 0 {
		if cmd, taken := m.answer(m.asks[0], msg, calm); taken {
			return tea.Batch(quietLater, cmd)
		}
	}
	return tea.Batch(quietLater, m.edit(msg))
}

// edit handles a key that answers nothing.
func (m *screen) edit(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "ctrl+d":
		if m.input.Value() == "" {
			m.quitting = true
			return nil
		}
	case "enter":
		return m.enter()
	case "tab":
		m.complete()
		return nil
	case "up":
		if m.input.Line() == 0 {
			m.recall(m.history.back(m.input.Value()))
			return nil
		}
	case "down":
		if m.input.Line() == m.input.LineCount()-1 {
			m.recall(m.history.forth())
			return nil
		}
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	return cmd
}

func (m *screen) recall(text string, ok bool) {
	if ok {
		m.input.SetValue(text)
	}
}

// calmAfter is the time in which a second Ctrl-C leaves.
const calmAfter = 3 * time.Second

// stop handles Ctrl-C: it ends the command or the turn, or empties the input. A second
// Ctrl-C leaves.
func (m *screen) stop() tea.Cmd {
	if m.leaving {
		m.quitting = true
		return nil
	}
	var stopped tea.Cmd
	switch {
	case m.command != nil:
		m.command()
	case m.inTurn():
		m.stopping = true
		stopped = m.interrupt
	case m.input.Value() != "":
		m.input.Reset()
		return nil
	}
	m.leaving = true
	m.presses++
	return tea.Batch(stopped, m.calmLater())
}

func (m *screen) interrupt() tea.Msg {
	if err := m.talk.interrupt(m.ctx); err != nil {
		return failed{err}
	}
	return nil
}

func (m *screen) calmLater() tea.Cmd {
	presses := m.presses
	return tea.Tick(calmAfter, func(time.Time) tea.Msg { return calmed{presses} })
}

// calm forgets a press of Ctrl-C, unless the turn that it cancelled still runs.
func (m *screen) calm(c calmed) tea.Cmd {
	if c.presses != m.presses || !m.leaving {
		return nil
	}
	if m.stopping {
		return m.calmLater()
	}
	m.leaving = false
	return nil
}

// enter sends the input. A backslash at the end of a line continues it.
func (m *screen) enter() tea.Cmd {
	text := m.input.Value()
	if before, ok := strings.CutSuffix(text, `\`); ok {
		m.input.SetValue(before + "\n")
		return nil
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	c, args, ok, err := parse(m.talk, text)
	switch {
	case err != nil:
		m.script.mishap(err.Error())
		return nil
	case ok && m.command != nil:
		m.script.note("another command runs; Ctrl-C stops it")
		return nil
	case ok && c.idle && m.inTurn():
		m.script.note("/%s: not while a turn runs; Ctrl-C stops it", c.name)
		return nil
	}
	m.history.reset()
	m.input.Reset()
	if !ok {
		return m.say(text)
	}
	m.history.add(text)
	m.script.echo(text)
	return m.start(c, args)
}

// complete completes a command's name as far as it is unique.
func (m *screen) complete() {
	names := m.matches()
	if len(names) == 0 {
		return
	}
	common := names[0]
	for _, name := range names[1:] {
		for !strings.HasPrefix(name, common) {
			common = common[:len(common)-1]
		}
	}
	if len(names) == 1 {
		common += " "
	}
	m.input.SetValue(common)
}

// matches returns the commands that begin with the input.
func (m *screen) matches() (names []string) {
	text := m.input.Value()
	if !strings.HasPrefix(text, "/") || strings.ContainsAny(text, " \n") || m.answering() {
		return nil
	}
	for _, c := range commands() {
		if name := "/" + c.name; strings.HasPrefix(name, text) && m.talk.serves(c.needs) {
			names = append(names, name)
		}
	}
	return names
}

// answering reports whether the input is an answer.
func (m *screen) answering() bool {
	return len(m.asks) > 0 && (m.asks[0].open || m.asks[0].reasoned)
}

// answer handles a key while an ask is open. taken is false for keys that edit the input.
// calm says that nothing was typed in the second before.
func (m *screen) answer(a *ask, msg tea.KeyPressMsg, calm bool) (_ tea.Cmd, taken bool) {
	k := msg.String()
	switch {
	case a.reasoned || a.open:
		return m.answerText(a, msg, calm)
	case k == "esc":
		m.setAside()
		return nil, true
	case !calm || msg.IsRepeat || m.input.Value() != "" || a.question != nil:
		return nil, false
	case k == "y", k == "n", k == "c", k == "a" && a.offers(event.DecisionAllowForSession):
		m.held = k
		typed := m.typed
		return tea.Tick(hold, func(time.Time) tea.Msg { return held{typed} }), true
	}
	return nil, false
}

// decide answers with the held key, because no other key followed it.
func (m *screen) decide(h held) tea.Cmd {
	k := m.held
	if k == "" || h.typed != m.typed || len(m.asks) == 0 {
		return nil
	}
	m.held = ""
	a := m.asks[0]
	switch k {
	case "y":
		a.decide(event.DecisionAllow, "")
	case "a":
		a.decide(event.DecisionAllowForSession, "")
	case "c":
		a.decide(event.DecisionCancelTurn, "")
	case "n":
		a.reasoned = true
		m.input.Placeholder = answerPlaceholder
		return nil
	}
	return m.drop(a)
}

// answerText handles a key while the input is an answer.
func (m *screen) answerText(a *ask, msg tea.KeyPressMsg, calm bool) (_ tea.Cmd, taken bool) {
	text := strings.TrimSpace(m.input.Value())
	switch msg.String() {
	case "enter":
		switch {
		case msg.IsRepeat:
			return nil, true
		case a.question == nil:
			a.decide(event.DecisionDeny, text)
		case text == "":
			return nil, true
		default:
			a.reply(text)
		}
	case "esc":
		switch {
		case a.reasoned:
			a.reasoned = false
			m.input.Placeholder = askedPlaceholder
			m.input.Reset()
			return nil, true
		case text != "":
			m.setAside()
			return nil, true
		case !calm || msg.IsRepeat:
			return nil, true
		}
		a.decline()
	default:
		return nil, false
	}
	m.input.Reset()
	return m.drop(a), true
}
