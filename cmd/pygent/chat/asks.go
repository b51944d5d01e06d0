package chat

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/pygent/pygent/agent"
)

// asked shows an approval or a question.
func (m *screen) asked(a *ask) tea.Cmd {
	m.asks = append(m.asks, a)
	if len(m.asks) > 1 {
		return nil // its turn comes when the others are answered
	}
	m.draft = m.input.Value()
	return m.present()
}

// present prints what the first ask is about.
func (m *screen) present() tea.Cmd {
	m.input.Reset()
	if len(m.asks) == 0 {
		m.input.SetValue(m.draft)
		m.draft, m.input.Placeholder = "", sayPlaceholder
		return nil
	}
	a := m.asks[0]
	m.input.Placeholder = answerPlaceholder
	m.script.print(sectionText, a.text(m.script.paper))
	return tea.Tick(settle, func(time.Time) tea.Msg { return settled{a} })
}

// drop takes an ask away that was answered or withdrawn, and shows the next.
func (m *screen) drop(a *ask) tea.Cmd {
	for i, other := range m.asks {
		if other != a {
			continue
		}
		m.asks = append(m.asks[:i:i], m.asks[i+1:]...)
		if i == 0 {
			return m.present()
		}
	}
	return nil
}

// pend asks for what the last server of a resumed session had asked. The answer
// goes on with that turn.
func (m *screen) pend(p agent.PendingRequest) tea.Cmd {
	a := &ask{approval: p.Approval, question: p.Question, answer: make(chan any, 1)}
	return tea.Batch(m.asked(a), func() tea.Msg {
		select {
		case answer := <-a.answer:
			if err := m.talk.respond(m.ctx, p.RequestKey, answer); err != nil {
				return failed{err}
			}
		case <-m.ctx.Done():
		}
		return nil
	})
}
