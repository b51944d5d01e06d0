package chat

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/pygent/pygent/agent/event"
)

// start runs a command. Its end arrives after the events that it has caused.
func (m *screen) start(c command, args string) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	m.command = cancel
	return func() tea.Msg {
		defer cancel()
		out, err := c.run(ctx, m.talk, args)
		m.inbox.put(commanded{out, err})
		return nil
	}
}

// say sends text to the model.
func (m *screen) say(text string) tea.Cmd {
	m.steps++
	return func() tea.Msg {
		_, err := m.talk.step(m.ctx, text) // an event reports the end of the turn
		m.inbox.put(stepped{text, err})
		return nil
	}
}

func (m *screen) stepped(s stepped) {
	m.steps--
	m.stopping = m.stopping && m.inTurn()
	if s.err == nil || m.ctx.Err() != nil {
		return
	}
	m.script.mishap(explain(s.err))
	if m.input.Value() == "" { // keeps the message
		m.input.SetValue(s.text)
	}
}

func (m *screen) commanded(c commanded) tea.Cmd {
	m.command = nil
	if c.fresh {
		m.script.used = tally{}
	}
	for _, e := range c.events {
		m.script.event(e)
		if e.Kind == event.KindMessage && e.Role == event.RoleUser {
			m.history.add(e.Text)
		}
	}
	if c.events != nil && len(c.pending) == 0 { // with pending requests, the turn continues
		m.script.settle()
	}
	if c.text != "" {
		m.script.note("%s", c.text)
	}
	if c.patch != "" {
		m.script.print(sectionNote, cut(m.script.patchLines(plain(c.patch)), m.script.width))
	}
	switch {
	case errors.Is(c.err, context.Canceled):
		m.script.note("stopped")
	case c.err != nil:
		m.script.mishap(explain(c.err))
	}
	m.quitting = m.quitting || c.leave
	var cmds []tea.Cmd
	for _, p := range c.pending {
		cmds = append(cmds, m.pend(p))
	}
	return tea.Batch(cmds...)
}

// turn keeps the spinner turning while something runs.
func (m *screen) turn() tea.Cmd {
	if m.turning || !m.busy() {
		return nil
	}
	m.turning = true
	return tea.Tick(spin, func(time.Time) tea.Msg { return tick{} })
}

// inTurn reports whether a turn runs or starts. After a resume, a turn can run that was
// not started here.
func (m *screen) inTurn() bool { return m.steps > 0 || m.script.turning }

func (m *screen) busy() bool { return m.inTurn() || m.command != nil || m.script.busy() > 0 }
