package chat

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/pygent/pygent/agent"
)

// key follows a key. An approval has the keys to itself, but for those that lead
// out: who is asked may want to look at something first.
func (m *screen) key(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "ctrl+c":
		return m.stop()
	case "ctrl+z":
		return tea.Suspend
	}
	m.leaving = false
	if len(m.asks) > 0 {
		if cmd, taken := m.answer(m.asks[0], msg); taken {
			return cmd
		}
	}
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

// calmAfter is how long Ctrl-C leaves when it comes again.
const calmAfter = 3 * time.Second

// stop is Ctrl-C: it ends what runs, empties the input, or leaves when it comes
// again.
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

// calm forgets a press of Ctrl-C, unless the turn that it is to end still runs.
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

// complete writes what is left of a command's name, as far as that is certain.
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

// matches are the commands that begin with what was written.
func (m *screen) matches() (names []string) {
	text := m.input.Value()
	if !strings.HasPrefix(text, "/") || strings.ContainsAny(text, " \n") || len(m.asks) > 0 {
		return nil
	}
	for _, c := range commands() {
		if name := "/" + c.name; strings.HasPrefix(name, text) && m.talk.serves(c.needs) {
			names = append(names, name)
		}
	}
	return names
}

// answer follows a key while something is asked. taken is false for keys that
// edit the input.
func (m *screen) answer(a *ask, msg tea.KeyPressMsg) (_ tea.Cmd, taken bool) {
	if a.question != nil || a.reasoned {
		return m.answerText(a, msg)
	}
	if !a.settled {
		return nil, true
	}
	switch k := msg.String(); {
	case k == "y":
		a.decide(agent.DecisionAllow, "")
	case k == "a" && a.offers(agent.DecisionAllowForSession):
		a.decide(agent.DecisionAllowForSession, "")
	case k == "c":
		a.decide(agent.DecisionCancelTurn, "")
	case k == "n":
		a.reasoned = true
		return nil, true
	default:
		return nil, true
	}
	return m.drop(a), true
}

func (m *screen) answerText(a *ask, msg tea.KeyPressMsg) (_ tea.Cmd, taken bool) {
	text := strings.TrimSpace(m.input.Value())
	switch msg.String() {
	case "enter":
		if a.question == nil {
			a.decide(agent.DecisionDeny, text)
		} else if text == "" {
			return nil, true
		} else {
			a.reply(text)
		}
	case "esc":
		if a.reasoned {
			a.reasoned = false
			m.input.Reset()
			return nil, true
		}
		a.decline()
	default:
		return nil, false
	}
	return m.drop(a), true
}
