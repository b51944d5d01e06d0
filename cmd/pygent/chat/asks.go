package chat

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/pygent/pygent/agent/approval"
)

// asked shows an approval or a question.
func (m *screen) asked(a *ask) tea.Cmd {
	m.asks = append(m.asks, a)
	if len(m.asks) > 1 {
		return nil // shown when the earlier ones are answered
	}
	return m.present()
}

// present prints the text of the first ask. The input keeps its text, because the user is
// writing it.
func (m *screen) present() tea.Cmd {
	m.release()
	if len(m.asks) == 0 {
		m.input.SetValue(joined(m.draft, m.input.Value()))
		m.draft, m.input.Placeholder = "", sayPlaceholder
		return nil
	}
	a := m.asks[0]
	m.input.Placeholder = askedPlaceholder
	text := a.text(m.script.paper)
	a.rows = lines(text)
	m.script.print(sectionText, text)
	return m.startQuiet()
}

// startQuiet starts the time without typing after which keys may answer.
func (m *screen) startQuiet() tea.Cmd {
	m.typed++
	m.quiet = false
	if len(m.asks) == 0 {
		return nil
	}
	typed := m.typed
	return tea.Tick(quiet, func(time.Time) tea.Msg { return quieted{typed} })
}

// endQuiet lets keys answer, unless something was typed meanwhile.
func (m *screen) endQuiet(q quieted) {
	if q.typed != m.typed || len(m.asks) == 0 {
		return
	}
	m.quiet = true
	if a := m.asks[0]; a.question != nil && m.input.Value() == "" {
		a.open = true
		m.input.Placeholder = answerPlaceholder
	}
}

// keyState returns what keys do now.
func (m *screen) keyState() keyState {
	switch {
	case m.input.Value() != "":
		return keysWrite
	case m.quiet, m.held != "":
		return keysAnswer
	}
	return keysWait
}

// setAside empties the input for an answer. The text comes back after the answer.
func (m *screen) setAside() {
	m.draft = joined(m.draft, m.input.Value())
	m.input.Reset()
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// release writes the held key into the input, because another event follows it.
func (m *screen) release() {
	m.input.InsertString(m.held)
	m.held = ""
}

// drop removes an answered or cancelled ask and shows the next.
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

// pend shows a pending request of a resumed session. The answer continues its turn.
func (m *screen) pend(p approval.PendingRequest) tea.Cmd {
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
