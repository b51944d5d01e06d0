package chat

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// View draws the open blocks, the ask, the input and the status.
func (m *screen) View() tea.View {
	if m.quitting {
		return tea.NewView("")
	}
	input := m.input.View()
	lower := []string{input, m.status()}
	above := ""
	if len(m.asks) > 0 {
		above = m.asks[0].panel(m.script.paper, m.keyState())
	}
	used := 1 + lines(above) + lines(strings.Join(lower, "\n"))
	var parts []string
	if live := m.script.live(max(1, m.height-used-1), m.sign()); live != "" {
		parts = append(parts, live)
		used += lines(live)
	}
	if len(m.asks) > 0 && m.asks[0].rows+used > m.height {
		hidden := count(m.asks[0].rows+used+1-m.height, "line") // this line takes a row too
		parts = append(parts, m.script.yellow.Render(short("↑ "+hidden+" above the screen: scroll up to read all of it", m.script.width)))
	}
	if above != "" {
		parts = append(parts, above)
	}
	top := strings.Join(parts, "\n")
	if top != "" {
		top += "\n"
	}
	top = "\n" + top
	v := tea.NewView(top + strings.Join(lower, "\n"))
	v.Cursor = m.input.Cursor()
	if v.Cursor != nil {
		v.Cursor.Y += strings.Count(top, "\n")
		v.Cursor.Blink, v.Cursor.Color = false, nil
	}
	return v
}

// sign is the picture before running tools. It turns unless an ask waits for the user.
func (m *screen) sign() string {
	if len(m.asks) > 0 {
		return "·"
	}
	return spinner[m.picture%len(spinner)]
}

// status is the last line: the state, and what keys do now.
func (m *screen) status() string {
	_, mode, model := m.talk.state()
	r := m.talk.about.Runtime
	var left []string
	for _, s := range []string{string(mode), plain(model), fmt.Sprintf("%s (%s)", r.Kind, r.Sandbox)} {
		if s != "" {
			left = append(left, s)
		}
	}
	if used := m.script.used.text(); used != "" {
		left = append(left, used)
	}
	if n := m.script.busy(); n > 0 {
		left = append(left, count(n, "task"))
	}
	text := strings.Join(left, " · ")
	if hint := m.hint(); hint != "" {
		text = hint + " · " + text
	}
	return m.script.faint.Render(lipgloss.NewStyle().MaxWidth(m.width).Render(text))
}

func (m *screen) hint() string {
	picture := spinner[m.picture%len(spinner)]
	names := m.matches()
	switch {
	case m.stopping:
		return picture + " stopping; Ctrl-C again leaves"
	case len(m.asks) > 0 && len(names) == 0:
		return "it waits for you; Ctrl-C stops"
	case len(names) > 0:
		return "Tab: " + strings.Join(names, " ")
	case m.leaving:
		return "Ctrl-C again leaves"
	case m.inTurn():
		return fmt.Sprintf("%s working %.0fs; Ctrl-C stops", picture, time.Since(m.began).Seconds())
	case m.command != nil:
		return picture + " Ctrl-C stops"
	}
	return ""
}

// flush prints the transcript's blocks in order. It makes one print at a time, each no
// higher than the terminal, because a higher one would not reach the scrollback
// completely.
func (m *screen) flush() tea.Cmd {
	for _, block := range m.script.take() {
		m.queue = append(m.queue, strings.Split(block, "\n")...)
	}
	if m.writing || len(m.queue) == 0 {
		return nil
	}
	n := min(len(m.queue), max(1, m.height/2))
	text := cmp.Or(strings.Join(m.queue[:n], "\n"), " ") // an empty print would print nothing
	m.queue = m.queue[n:]
	if len(m.queue) == 0 {
		m.queue = nil
	}
	m.writing = true
	return tea.Sequence(tea.Println(text), func() tea.Msg { return written{} })
}

func lines(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "\n") + 1
}
