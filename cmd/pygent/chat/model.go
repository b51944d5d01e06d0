package chat

import (
	"context"
	"strings"
	"time"

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
	// written says that a print is on the terminal.
	written struct{}
	// calmed says that some time has passed since a press of Ctrl-C.
	calmed struct{ presses int }
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
	draft   string // what stood in the input before something was asked

	width, height int
	placed        bool               // the terminal's size is known
	light, many   bool               // the terminal's background, and that it has 256 colours
	steps         int                // that run: the turn and what was said to it
	began         time.Time          // of the turn, zero when none runs
	command       context.CancelFunc // of the command that runs, or nil
	stopping      bool               // the turn was told to end
	leaving       bool               // Ctrl-C leaves if it comes again
	presses       int                // of Ctrl-C
	quitting      bool               // the program ends when all is printed
	turning       bool               // a tick is under way
	picture       int
	queue         []string // to be printed, in pieces that fit the terminal
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

// firstFrame is when the first frame is drawn at the latest. What is printed
// before it would stand over what the terminal showed before: the renderer does
// not know yet where it is.
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

// recolour is for what is drawn from now on.
func (m *screen) recolour() {
	// The last column stays free: a terminal may erase what stands there with the
	// rest of the line.
	m.script.set(newPaper(max(1, m.width-1), newTheme(m.light, m.many)))
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
	if !m.inTurn() {
		m.began = time.Time{}
	} else if m.began.IsZero() {
		m.began = time.Now()
	}
	cmd = tea.Batch(cmd, m.flush(), m.turn())
	if m.quitting && !m.writing { // what was said is on the terminal
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
	case settled:
		msg.ask.settled = true
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
