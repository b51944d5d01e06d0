package chat

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tasks"
)

// Messages from the screen to itself.
type (
	// tick turns the spinner while something runs.
	tick struct{}
	// written says that a print has reached the terminal.
	written struct{}
	// calmed says that some time has passed since a press of Ctrl-C.
	calmed struct{ presses int }
	// quieted says that a second has passed since a key.
	quieted struct{ typed int }
	// held says that some time has passed since a key that decides.
	held struct{ typed int }
	// failed is the error of a call whose result is not needed.
	failed struct{ err error }
)

// spin is the time between two pictures of the spinner.
const spin = 100 * time.Millisecond

// screen is the bubbletea model. It prints finished blocks above itself, into the
// terminal's scrollback, and draws open blocks and the input.
type screen struct {
	ctx     context.Context // of the conversation
	cancel  context.CancelFunc
	talk    *talk
	inbox   *inbox
	resumes string // session to resume at the start

	script  *transcript
	input   textarea.Model
	history history
	asks    []*ask // the first one is shown
	draft   string // text that was put aside for an answer
	typed   int    // counts keys, pastes and shown asks
	quiet   bool   // nothing was typed for a second since the ask was shown
	held    string // a key that answers unless another one follows

	width, height int
	placed        bool               // the terminal's size is known
	light, many   bool               // the terminal has a light background; it has 256 colours
	steps         int                // unanswered agent/step calls: the turn and messages to it
	began         time.Time          // start of the turn, zero when none runs
	command       context.CancelFunc // of the running command, or nil
	stopping      bool               // the turn was interrupted
	leaving       bool               // another Ctrl-C leaves
	presses       int                // of Ctrl-C
	quitting      bool               // the program ends when everything is printed
	turning       bool               // a tick is pending
	picture       int
	queue         []string // lines to print
	writing       bool     // the terminal is not ready for the next print
}

func newScreen(ctx context.Context, t *talk, box *inbox) *screen {
	ctx, cancel := context.WithCancel(ctx)
	m := &screen{ctx: ctx, cancel: cancel, talk: t, inbox: box, script: newTranscript(newPaper(79, newTheme(false, false))), width: 80, height: 24, writing: true}
	m.input = newInput(m.script.theme)
	m.script.print(sectionNote, paint(m.script.faint, wrap(plain(t.greeting()), 79)))
	if r := t.about.Runtime; r.Reason != "" {
		m.script.note("%s", r.Reason)
	}
	return m
}

// firstFrame is the latest time of the first frame. A print before the first frame would
// overwrite the terminal's earlier content, because the renderer does not know its
// position yet.
const firstFrame = 100 * time.Millisecond

func (m *screen) resize(size tea.WindowSizeMsg) (drawn tea.Cmd) {
	m.width, m.height = size.Width, size.Height
	m.recolour()
	m.input.MaxHeight = max(1, min(10, size.Height/3))
	m.input.SetWidth(size.Width)
	if !m.placed {
		m.placed = true
		drawn = tea.Tick(firstFrame, func(time.Time) tea.Msg { return written{} })
	}
	return drawn
}

// recolour sets the width and colours of everything drawn from now on.
func (m *screen) recolour() {
	// The last column stays free, because a terminal may erase it with the rest of the
	// line.
	m.script.set(newPaper(max(1, m.width-1), newTheme(m.light, m.many)))
	m.input.SetStyles(m.script.input())
}

// Init starts to wait for messages.
func (m *screen) Init() tea.Cmd {
	cmds := []tea.Cmd{m.inbox.next, tea.RequestBackgroundColor}
	if m.resumes != "" {
		id := m.resumes
		cmds = append(cmds, m.start(command{name: "resume", run: resume}, id))
	}
	return tea.Batch(append(cmds, m.flush())...)
}

// Update handles one message and prints what it added to the transcript.
func (m *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.update(msg)
	if !m.inTurn() {
		m.began = time.Time{}
	} else if m.began.IsZero() {
		m.began = time.Now()
	}
	cmd = tea.Batch(cmd, m.flush(), m.turn())
	if m.quitting && !m.writing { // everything is printed
		cmd = tea.Quit
	}
	return m, cmd
}

func (m *screen) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return m.resize(msg)
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
	case calmed:
		return m.calm(msg)
	case quieted:
		m.endQuiet(msg)
	case held:
		return m.decide(msg)
	case tea.PasteMsg:
		m.release()
		quietLater := m.startQuiet()
		var cmd tea.Cmd
		m.input, cmd = m.input.Update(msg)
		return tea.Batch(quietLater, cmd)
	case failed:
		m.script.mishap(explain(msg.err))
	default:
		var cmd tea.Cmd
		m.input, cmd = m.input.Update(msg)
		return cmd
	}
	return nil
}

// batch handles messages from the server.
func (m *screen) batch(items batch) tea.Cmd {
	var cmds []tea.Cmd
	for _, item := range items {
		switch item := item.(type) {
		case event.Event:
			m.talk.follow(item)
			m.script.event(item)
			m.stopping = m.stopping && m.inTurn()
			if item.Kind == event.KindMessage && item.Role == event.RoleUser && item.TaskID == "" {
				m.history.add(item.Text)
			}
		case tasks.Task:
			m.script.task(item)
		case *ask:
			cmds = append(cmds, m.asked(item))
		case stepped:
			m.stepped(item)
		case commanded:
			cmds = append(cmds, m.commanded(item))
		case withdrawn:
			cmds = append(cmds, m.drop(item.ask))
		case warning:
			m.script.note("%s", strings.TrimSpace(string(item)))
		case closed:
			m.script.mishap("the server has ended")
			m.quitting = true
		}
	}
	return tea.Batch(cmds...)
}
