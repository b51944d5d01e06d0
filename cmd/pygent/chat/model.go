package chat

import (
	"context"
	"errors"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"

	"github.com/charmbracelet/colorprofile"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/tasks"
)

// Messages of the screen to itself.
type (
	// tick turns the spinner while something runs.
	tick struct{}
	// stepped is the end of a step.
	stepped struct {
		text string
		res  agent.StepResult
		err  error
	}
	// commanded is the end of a command.
	commanded struct {
		outcome
		err error
	}
	// written says that a print is on the terminal.
	written struct{}
	// settled opens an approval's ears.
	settled struct{ ask *ask }
	// failed is an error of a call that nobody waits for.
	failed struct{ err error }
)

// spin is how fast the spinner turns.
const spin = 100 * time.Millisecond

// screen is the bubbletea model. What has ended is printed above it, into the
// terminal's scrollback; it draws what is open, and the input.
type screen struct {
	ctx     context.Context // of the conversation
	cancel  context.CancelFunc
	talk    *talk
	inbox   *inbox
	resumes string // session to go on with at the start

	script  *transcript
	input   textarea.Model
	history history
	asks    []*ask // the first is the one that is shown

	width, height int
	light, many   bool               // the terminal's background, and that it has 256 colours
	steps         int                // that run: the turn and what was said to it
	command       context.CancelFunc // of the command that runs, or nil
	stopping      bool               // the turn was told to end
	leaving       bool               // Ctrl-C leaves if it comes again
	turning       bool               // a tick is under way
	picture       int
	queue         []string // to be printed, in pieces that fit the terminal
	writing       bool
}

func newScreen(ctx context.Context, t *talk, box *inbox) *screen {
	ctx, cancel := context.WithCancel(ctx)
	m := &screen{ctx: ctx, cancel: cancel, talk: t, inbox: box, script: newTranscript(newPaper(80, newTheme(false, false))), width: 80, height: 24}
	m.input = newInput(m.script.theme)
	m.script.print(sectionNote, paint(m.script.faint, wrap(plain(t.greeting()), 80)))
	if r := t.about.Runtime; r.Reason != "" {
		m.script.note("%s", r.Reason)
	}
	return m
}

func newInput(t theme) textarea.Model {
	in := textarea.New()
	in.Prompt = ""
	in.SetPromptFunc(2, func(p textarea.PromptInfo) string {
		if p.LineNumber == 0 {
			return "› "
		}
		return "  "
	})
	in.ShowLineNumbers = false
	in.CharLimit = 1 << 20
	in.MaxHeight = 10
	in.DynamicHeight = true
	in.MinHeight = 1
	in.MaxContentHeight = 10_000
	in.SetVirtualCursor(false)
	in.KeyMap.InsertNewline = key.NewBinding(key.WithKeys("alt+enter", "shift+enter", "ctrl+j"))
	in.SetStyles(t.input())
	in.Placeholder = "say something, or /help"
	in.Focus()
	return in
}

// recolour is for what is drawn from now on.
func (m *screen) recolour() {
	m.script.set(newPaper(m.width, newTheme(m.light, m.many)))
	m.input.SetStyles(m.script.input())
}

// Init begins to listen.
func (m *screen) Init() tea.Cmd {
	cmds := []tea.Cmd{m.inbox.next, tea.RequestBackgroundColor}
	if m.resumes != "" {
		id := m.resumes
		cmds = append(cmds, m.start(command{name: "resume", run: resume}, id))
	}
	return tea.Batch(append(cmds, m.flush())...)
}

// Update follows one message. Whatever it adds to the transcript is printed.
func (m *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.update(msg)
	return m, tea.Batch(cmd, m.flush(), m.turn())
}

func (m *screen) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.recolour()
		m.input.MaxHeight = max(1, min(10, msg.Height/3))
		m.input.SetWidth(msg.Width)
	case tea.BackgroundColorMsg:
		m.light = !msg.IsDark()
		m.recolour()
	case tea.ColorProfileMsg:
		m.many = msg.Profile >= colorprofile.ANSI256
		m.recolour()
	case tea.KeyPressMsg:
		return m.key(msg)
	case batch:
		return tea.Batch(m.batch(msg), m.inbox.next)
	case tick:
		m.turning = false
		m.picture++
	case written:
		m.writing = false
	case settled:
		msg.ask.settled = true
	case stepped:
		m.stepped(msg)
	case commanded:
		return m.commanded(msg)
	case failed:
		m.script.mishap(explain(msg.err))
	default:
		var cmd tea.Cmd
		m.input, cmd = m.input.Update(msg)
		return cmd
	}
	return nil
}

// batch follows what came from the server.
func (m *screen) batch(items batch) tea.Cmd {
	var cmds []tea.Cmd
	for _, item := range items {
		switch item := item.(type) {
		case agent.Event:
			m.talk.follow(item)
			m.script.event(item)
			m.stopping = m.stopping && m.inTurn()
			if item.Kind == agent.KindMessage && item.Role == agent.RoleUser && item.TaskID == "" {
				m.history.add(item.Text)
			}
		case tasks.Task:
			m.script.task(item)
		case *ask:
			cmds = append(cmds, m.asked(item))
		case withdrawn:
			cmds = append(cmds, m.drop(item.ask))
		case warning:
			m.script.note("%s", strings.TrimSpace(string(item)))
		case closed:
			m.script.mishap("the server has ended")
			cmds = append(cmds, tea.Quit)
		}
	}
	return tea.Batch(cmds...)
}

func (m *screen) stepped(s stepped) {
	m.steps--
	m.stopping = m.stopping && m.inTurn()
	if s.err == nil || m.ctx.Err() != nil {
		return
	}
	m.script.mishap(explain(s.err))
	if m.input.Value() == "" { // nothing that was written is lost
		m.input.SetValue(s.text)
	}
}

func (m *screen) commanded(c commanded) tea.Cmd {
	m.command = nil
	for _, e := range c.events {
		m.script.event(e)
		if e.Kind == agent.KindMessage && e.Role == agent.RoleUser {
			m.history.add(e.Text)
		}
	}
	if c.events != nil {
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
	if c.leave {
		return tea.Quit
	}
	var cmds []tea.Cmd
	for _, p := range c.pending {
		cmds = append(cmds, m.pend(p))
	}
	return tea.Batch(cmds...)
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

// start runs a command.
func (m *screen) start(c command, args string) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	m.command = cancel
	return func() tea.Msg {
		defer cancel()
		out, err := c.run(ctx, m.talk, args)
		return commanded{out, err}
	}
}

// say sends text to the model.
func (m *screen) say(text string) tea.Cmd {
	m.steps++
	return func() tea.Msg {
		res, err := m.talk.step(m.ctx, text)
		return stepped{text, res, err}
	}
}

// asked shows an approval or a question.
func (m *screen) asked(a *ask) tea.Cmd {
	m.asks = append(m.asks, a)
	if len(m.asks) > 1 {
		return nil // its turn comes when the others are answered
	}
	return m.present()
}

// present prints what the first ask is about.
func (m *screen) present() tea.Cmd {
	if len(m.asks) == 0 {
		return nil
	}
	a := m.asks[0]
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

// turn keeps the spinner turning while something runs.
func (m *screen) turn() tea.Cmd {
	if m.turning || !m.busy() {
		return nil
	}
	m.turning = true
	return tea.Tick(spin, func(time.Time) tea.Msg { return tick{} })
}

// inTurn reports whether a turn runs, or is about to. After a resume one can run
// that was not begun here.
func (m *screen) inTurn() bool { return m.steps > 0 || m.script.turning }

func (m *screen) busy() bool { return m.inTurn() || m.command != nil || m.script.busy() > 0 }
