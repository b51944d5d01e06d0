package chat

import (
	"fmt"
	"io"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	xansi "github.com/charmbracelet/x/ansi"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tools"
)

// offline is a screen whose server serves every method and is never called.
func offline(tb testing.TB) *screen {
	tk := &talk{version: "1", session: "s", mode: "ask", model: "m"}
	tk.about.Runtime = rpc.RuntimeBrief{Kind: "local", Sandbox: "strong"}
	for _, c := range commands() {
		tk.about.Methods = append(tk.about.Methods, c.needs)
	}
	box := newInbox()
	m := newScreen(tb.Context(), tk, box)
	tb.Cleanup(m.cancel)
	m.Update(tea.WindowSizeMsg{Width: 60, Height: 20})
	m.printed()
	m.writing = false
	return m
}

// printed returns the text printed since the last call, without colours.
func (m *screen) printed() string {
	text := strings.Join(m.queue, "\n")
	m.queue = nil
	return xansi.Strip(text)
}

// shows returns the drawn screen, without colours.
func (m *screen) shows() string { return xansi.Strip(m.View().Content) }

func (m *screen) press(keys ...string) {
	for _, k := range keys {
		m.Update(keyOf(k))
	}
}

func keyOf(k string) tea.KeyPressMsg {
	switch k {
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "alt+enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter, Mod: tea.ModAlt}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "up":
		return tea.KeyPressMsg{Code: tea.KeyUp}
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	case "ctrl+c", "ctrl+z":
		return tea.KeyPressMsg{Code: rune(k[len(k)-1]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

func (m *screen) write(text string) { m.press(strings.Split(text, "")...) }

func contains(t *testing.T, what, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, text)
		}
	}
}

func TestATurnIsShownAndThenPrinted(t *testing.T) {
	m := offline(t)
	m.writing = true // keeps prints in the queue
	zero := 0
	m.Update(batch{
		event.Event{Kind: event.KindTurnStarted},
		event.Event{Kind: event.KindMessage, Role: event.RoleUser, Text: "fix it"},
		event.Event{Kind: event.KindTextDelta, Delta: "First **block**.\n\nSecond, op"},
	})
	contains(t, "scrollback", m.printed(), "› fix it", "First block.")
	contains(t, "screen", m.shows(), "Second, op", "working 0s; Ctrl-C stops", "ask · m · local (strong)")
	m.Update(batch{
		event.Event{Kind: event.KindTextDelta, Delta: "en."},
		event.Event{Kind: event.KindMessage, Role: event.RoleAssistant, Text: "First **block**.\n\nSecond, open."},
		event.Event{Kind: event.KindToolStarted, CallID: "c", Tool: "bash", Title: "Run", Detail: "make", Terminal: true},
		event.Event{Kind: event.KindToolOutput, CallID: "c", Delta: "1\n2\n3\n4\n5\n6\x1b[2J\n"},
	})
	if got := m.printed(); strings.Count(got, "Second, open.") != 1 {
		t.Errorf("the open block is printed as %q", got)
	}
	screen := m.shows()
	contains(t, "screen", screen, "Run make", `    6\x1b[2J`)
	if strings.Contains(screen, "    1\n") {
		t.Errorf("more than %d lines of output are shown:\n%s", liveLines, screen)
	}
	m.Update(batch{
		event.Event{Kind: event.KindToolFinished, CallID: "c", Tool: "bash", Text: "$ make\n1\n2\n", ExitCode: &zero},
		event.Event{Kind: event.KindFileChanged, Change: "added", Path: "a.txt", Added: 3},
		event.Event{Kind: event.KindUsage, Usage: &event.Usage{InputTokens: 1200, OutputTokens: 34}},
		event.Event{Kind: event.KindTurnFinished, Status: event.StatusFailed, Error: &event.ErrorDetail{Message: "too bad"}},
	})
	contains(t, "scrollback", m.printed(), "✓ Run make\n    1\n    2\n  added a.txt (+3 -0)", "failed: too bad")
	contains(t, "screen", m.shows(), "1.2k tokens")
	if strings.Contains(m.shows(), "working") {
		t.Errorf("the turn has ended:\n%s", m.shows())
	}
}

// rest simulates a second without keys.
func (m *screen) rest() { m.Update(quieted{m.typed}) }

// decided presses a key that no other key follows.
func (m *screen) decided(k string) {
	m.press(k)
	m.Update(held{m.typed})
}

func anApproval(title string) *ask {
	return &ask{answer: make(chan any, 1), approval: &event.Approval{
		Title: title, Rule: "edit *", Options: []event.Choice{"allow", "allowForSession", "deny", "cancelTurn"},
		Changes: []tools.Patch{{Path: "a", Patch: "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-old\n+new\x1b[2J\n"}, {Path: "out/b", Patch: "a link\n"}},
	}}
}

func TestAnApprovalIsAnswered(t *testing.T) {
	for _, tt := range []struct {
		key  string
		more []string
		want event.Decision
	}{
		{"y", nil, event.Decision{Decision: "allow"}},
		{"a", nil, event.Decision{Decision: "allowForSession"}},
		{"c", nil, event.Decision{Decision: "cancelTurn"}},
		{"n", []string{"enter"}, event.Decision{Decision: "deny"}},
		{"n", []string{"n", "o", "enter"}, event.Decision{Decision: "deny", Feedback: "no"}},
	} {
		m := offline(t)
		m.writing = true
		a := anApproval("Edit a file")
		m.Update(batch{a})
		contains(t, "scrollback", m.printed(), "Edit a file", "-old", `+new\x1b[2J`, "out/b: a link")
		contains(t, "screen", m.shows(), "Allow? …", "always in this session: edit *", "cancel the turn")
		m.rest()
		contains(t, "screen", m.shows(), "Allow?\n")
		m.decided(tt.key)
		m.press(tt.more...)
		select {
		case got := <-a.answer:
			if got != tt.want {
				t.Errorf("%v: %+v, want %+v", tt.key, got, tt.want)
			}
		default:
			t.Errorf("%v: no answer", tt.key)
		}
		if strings.Contains(m.shows(), "Allow?") || m.input.Value() != "" {
			t.Errorf("%v: it is still asked, or the input is %q", tt.key, m.input.Value())
		}
	}
}

// Keys that the user types when an ask appears edit the message.
func TestTypingDecidesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(m *screen)
		want string // in the input
	}{
		"a word that was begun": {func(m *screen) { m.rest(); m.write("tryacn"); m.rest(); m.decided("y") }, "dratryacny"},
		"a word at once":        {func(m *screen) { m.input.Reset(); m.write("yes"); m.rest() }, "yes"},
		"a word after a second": {func(m *screen) { m.input.Reset(); m.rest(); m.write("yes"); m.Update(held{m.typed}) }, "yes"},
		"a key before a second": {func(m *screen) { m.input.Reset(); m.decided("y") }, "y"},
		"an older second":       {func(m *screen) { m.input.Reset(); q := quieted{m.typed}; m.press("up"); m.Update(q); m.decided("y") }, "y"},
		"a key and Enter":       {func(m *screen) { m.input.Reset(); m.rest(); m.press("y", "enter"); m.Update(held{m.typed}) }, "y"},
		"Enter":                 {func(m *screen) { m.input.Reset(); m.rest(); m.decided("enter") }, ""},
		"Escape":                {func(m *screen) { m.input.Reset(); m.rest(); m.decided("esc") }, ""},
		"a key that is held": {func(m *screen) {
			m.input.Reset()
			m.rest()
			m.Update(tea.KeyPressMsg{Code: 'y', Text: "y", IsRepeat: true})
			m.Update(held{m.typed})
		}, "y"},
		"a paste": {func(m *screen) {
			m.input.Reset()
			m.rest()
			m.Update(tea.PasteMsg{Content: "y"})
			m.Update(held{m.typed})
		}, "y"},
		"a paste behind a key": {func(m *screen) {
			m.input.Reset()
			m.rest()
			m.press("y")
			m.Update(tea.PasteMsg{Content: "es"})
			m.Update(held{m.typed})
		}, "yes"},
		"a key that means no key": {func(m *screen) { m.input.Reset(); m.rest(); m.decided("x") }, "x"},
	} {
		m := offline(t)
		m.writing = true
		m.Update(batch{event.Event{Kind: event.KindTurnStarted}})
		m.write("dra")
		a := anApproval("Edit a file")
		m.Update(batch{a})
		tt.do(m)
		if len(a.answer) > 0 {
			t.Errorf("%s: decides %+v", name, <-a.answer)
		}
		if got := m.input.Value(); got != tt.want {
			t.Errorf("%s: the input is %q, want %q", name, got, tt.want)
		}
	}
}

// Enter sends the message that was begun before the ask; the message is not the answer.
func TestEnterSendsTheMessageThatWasBegun(t *testing.T) {
	for name, a := range map[string]*ask{
		"approval": anApproval("Edit a file"),
		"question": {answer: make(chan any, 1), question: &event.Question{Question: "Which?", Options: []string{"red", "blue"}}},
	} {
		m := offline(t)
		m.writing = true
		m.write("look at ")
		m.Update(batch{a})
		m.rest()
		contains(t, name, m.shows(), "Esc puts it aside")
		m.write("2")
		m.press("enter")
		if len(a.answer) > 0 || m.steps != 1 || m.input.Value() != "" {
			t.Errorf("%s: %d answers, %d messages, input %q", name, len(a.answer), m.steps, m.input.Value())
		}
	}
}

func TestTextIsPutAsideForAnAnswer(t *testing.T) {
	m := offline(t)
	m.writing = true
	m.write("draft")
	first, second := anApproval("first"), &ask{answer: make(chan any, 1), question: &event.Question{Question: "Which?"}}
	m.Update(batch{first, second})
	m.press("esc")
	m.rest()
	m.decided("y")
	m.decided("y") // the key is pressed twice
	if len(first.answer) != 1 || len(second.answer) != 0 || m.input.Value() != "y" {
		t.Fatalf("%d and %d answers, input %q", len(first.answer), len(second.answer), m.input.Value())
	}
	m.press("esc")
	m.rest()
	m.write("red")
	m.press("enter")
	if got := <-second.answer; got != (event.Answer{Answer: "red"}) {
		t.Errorf("answer %+v", got)
	}
	if got := m.input.Value(); got != "draft\ny" {
		t.Errorf("the input is %q", got)
	}
}

// One key does not answer two approvals.
func TestAKeyDecidesOnce(t *testing.T) {
	m := offline(t)
	first, second := anApproval("first"), anApproval("second")
	m.Update(batch{first, second})
	m.rest()
	m.decided("y")
	m.decided("y")
	if len(first.answer) != 1 || len(second.answer) != 0 {
		t.Errorf("%d and %d answers", len(first.answer), len(second.answer))
	}
}

func TestALongApprovalSaysThatItIsCut(t *testing.T) {
	m := offline(t)
	m.writing = true
	a := &ask{answer: make(chan any, 1), approval: &event.Approval{
		Title: strings.Repeat("long ", 100) + "title", Command: strings.Repeat("echo a line\n", 50) + "rm -r x",
		Rule: strings.Repeat("rule ", 20) + "end *", Options: []event.Choice{"allow", "allowForSession", "deny"},
	}}
	m.Update(batch{a})
	printed := m.printed()
	contains(t, "scrollback", printed, "rm -r x", "end *", "title")
	contains(t, "screen", m.shows(), "lines above the screen: scroll up to read all of it")
	m.Update(tea.WindowSizeMsg{Width: 60, Height: 200})
	if strings.Contains(m.shows(), "scroll up") {
		t.Errorf("all of it is seen:\n%s", m.shows())
	}
}

func TestWhoIsAskedCanSuspend(t *testing.T) {
	m := offline(t)
	a := anApproval("Edit a file")
	m.Update(batch{a})
	m.rest()
	cmd := m.key(keyOf("ctrl+z"))
	if cmd == nil {
		t.Fatal("Ctrl-Z does nothing")
	}
	if msg, ok := cmd().(tea.SuspendMsg); !ok || len(a.answer) != 0 {
		t.Errorf("%T, %d answers", msg, len(a.answer))
	}
}

func TestAWithdrawnApprovalMakesRoomForTheNext(t *testing.T) {
	m := offline(t)
	m.writing = true
	first := &ask{answer: make(chan any, 1), approval: &event.Approval{Title: "first", Options: []event.Choice{"allow"}}}
	second := &ask{answer: make(chan any, 1), question: &event.Question{Question: "Which?", Options: []string{"red", "blue"}}}
	m.Update(batch{first, second})
	if got := m.printed(); strings.Contains(got, "Which?") {
		t.Errorf("both are asked at once: %q", got)
	}
	m.Update(batch{withdrawn{first}})
	contains(t, "scrollback", m.printed(), "Which?", "2) blue")
	m.rest()
	m.write("2")
	m.press("enter")
	if got := <-second.answer; got != (event.Answer{Answer: "blue"}) {
		t.Errorf("answer %+v", got)
	}
}

func TestInputOfSeveralLinesAndHistory(t *testing.T) {
	m := offline(t)
	m.writing = true
	m.write("one")
	m.press("alt+enter")
	m.write(`two\`)
	m.press("enter")
	m.write("three")
	if got := m.input.Value(); got != "one\ntwo\nthree" {
		t.Fatalf("input %q", got)
	}
	m.press("enter")
	if m.steps != 1 || m.input.Value() != "" {
		t.Fatalf("%d steps, input %q", m.steps, m.input.Value())
	}
	m.Update(batch{event.Event{Kind: event.KindMessage, Role: event.RoleUser, Text: "one\ntwo\nthree"}})
	m.write("draft")
	m.press("up")
	if got := m.input.Value(); got != "one\ntwo\nthree" {
		t.Errorf("up: %q", got)
	}
	m.press("down")
	if got := m.input.Value(); got != "draft" {
		t.Errorf("down: %q", got)
	}
	m.Update(batch{stepped{text: "one", err: io.ErrUnexpectedEOF}})
	contains(t, "scrollback", m.printed(), "unexpected EOF")
}

func TestCtrlCStopsAndThenLeaves(t *testing.T) {
	m := offline(t)
	m.write("text")
	m.press("ctrl+c")
	if m.input.Value() != "" || m.leaving {
		t.Fatalf("the first Ctrl-C empties the input: %q", m.input.Value())
	}
	m.Update(batch{event.Event{Kind: event.KindTurnStarted}})
	m.press("ctrl+c")
	contains(t, "screen", m.shows(), "stopping; Ctrl-C again leaves")
	m.press("x")
	if m.leaving {
		t.Error("another key was pressed in between")
	}
	m.press("ctrl+c")
	m.press("ctrl+c")
	if _, cmd := m.Update(written{}); cmd == nil || cmd() != tea.Quit() {
		t.Error("Ctrl-C twice does not leave")
	}
}

func TestCommandsThatTheServerLacksAreHidden(t *testing.T) {
	m := offline(t)
	m.talk.about.Methods = []string{rpc.MethodTaskList}
	out, err := help(t.Context(), m.talk, "")
	if err != nil || !strings.Contains(out.text, "/tasks") || strings.Contains(out.text, "/undo") {
		t.Errorf("help says %q, %v", out.text, err)
	}
	if _, _, ok, err := parse(m.talk, "/undo"); !ok || err == nil {
		t.Errorf("/undo is taken: %v", err)
	}
	for _, word := range []string{"quit", "q", "/exit"} {
		if c, _, _, _ := parse(m.talk, word); c.name != "exit" {
			t.Errorf("%s does not leave", word)
		}
	}
	if _, _, ok, _ := parse(m.talk, "quit smoking"); ok {
		t.Error("a sentence is taken for an exit word")
	}
}

func TestTasksAreCountedAndTold(t *testing.T) {
	m := offline(t)
	m.writing = true
	m.Update(batch{tasks.Task{TaskID: "task_1", Name: "look", State: tasks.StateRunning, Status: "running"}})
	contains(t, "screen", m.shows(), "1 task")
	m.Update(batch{
		event.Event{Kind: event.KindTextDelta, TaskID: "task_1", Delta: "not for the screen"},
		tasks.Task{TaskID: "task_1", Name: "look", State: tasks.StateFinished, Status: "finished", Revision: 2},
		tasks.Task{TaskID: "task_1", Name: "look", State: tasks.StateRunning, Status: "running", Revision: 1}, // older than the known state
	})
	contains(t, "scrollback", m.printed(), "task_1 look: finished")
	if s := m.shows(); strings.Contains(s, "not for") || strings.Contains(s, "1 task") {
		t.Errorf("screen:\n%s", s)
	}
}

func TestWhatATaskAskedIsToldWithItsAnswer(t *testing.T) {
	m := offline(t)
	m.writing = true
	m.Update(batch{
		event.Event{Kind: event.KindToolStarted, TaskID: "task_a", CallID: "c", Tool: "bash", Arguments: `{"cmd":"ls"}`},
		event.Event{Kind: event.KindApprovalResolved, TaskID: "task_a", Decision: event.DecisionDeny, Feedback: "not there"},
	})
	if got := strings.TrimSpace(m.printed()); got != "denied: not there" {
		t.Errorf("printed %q", got)
	}
}

func TestTheScreenIsNeverHigherThanTheTerminal(t *testing.T) {
	m := offline(t)
	for i := range 12 {
		id := fmt.Sprint(i)
		m.Update(batch{
			event.Event{Kind: event.KindToolStarted, CallID: id, Tool: "bash", Arguments: `{"cmd":"` + strings.Repeat("long ", 50) + `"}`},
			event.Event{Kind: event.KindToolOutput, CallID: id, Delta: strings.Repeat("x", 500) + "\n"},
		})
	}
	m.Update(tea.PasteMsg{Content: strings.Repeat("line\n", 40)})
	if n := strings.Count(m.input.Value(), "\n"); n != 40 {
		t.Errorf("%d lines of 40 are left of what was pasted", n)
	}
	for _, size := range []tea.WindowSizeMsg{{Width: 60, Height: 20}, {Width: 30, Height: 8}, {Width: 200, Height: 50}} {
		m.Update(size)
		s := m.shows()
		if n := strings.Count(s, "\n") + 1; n > size.Height {
			t.Errorf("%d lines on %d:\n%s", n, size.Height, s)
		}
		for line := range strings.SplitSeq(s, "\n") {
			if w := xansi.StringWidth(line); w > size.Width {
				t.Errorf("a line of %d cells on %d: %q", w, size.Width, line)
			}
		}
	}
}

func TestTheInboxKeepsOrderAndIsBounded(t *testing.T) {
	box := newInbox()
	const n = 3 * maxQueued
	go func() {
		for i := range n {
			box.put(event.Event{Kind: event.KindTextDelta, Delta: "x"})
			box.put(event.Event{Kind: event.KindUsage, Steps: i})
		}
		box.close()
	}()
	var at, deltas int
	for at < n {
		msg := box.next()
		items, ok := msg.(batch)
		if !ok {
			items = box.take()
		}
		if len(items) > maxQueued {
			t.Fatalf("%d items wait", len(items))
		}
		for _, item := range items {
			e := item.(event.Event)
			if e.Kind == event.KindUsage {
				if e.Steps != at {
					t.Fatalf("event %d comes as %d", e.Steps, at)
				}
				at++
			} else {
				deltas += len(e.Delta)
			}
		}
	}
	if deltas != n {
		t.Errorf("%d deltas of %d", deltas, n)
	}
}

// BenchmarkTwentyThousandDeltas measures a long reply of a fast model, from the inbox to the
// terminal's bytes. The budget is one second.
func BenchmarkTwentyThousandDeltas(b *testing.B) {
	const deltas = 20_000
	text := strings.Repeat("Some **words** of a model, and `code`.\nMore of them follow.\n\n- a point\n- another\n\n```go\nfunc main() {}\n```\n\n", 900)
	size := len(text) / deltas
	b.ReportAllocs()
	for b.Loop() {
		m := offline(b)
		program := tea.NewProgram(m, tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutSignals(), tea.WithWindowSize(80, 24), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
		go func() {
			for i := range deltas {
				m.inbox.put(event.Event{Kind: event.KindTextDelta, Delta: text[i*size : (i+1)*size]})
			}
			m.inbox.put(event.Event{Kind: event.KindTurnFinished, Status: event.StatusCompleted})
			m.inbox.put(closed{})
		}()
		if _, err := program.Run(); err != nil {
			b.Fatal(err)
		}
		m.inbox.close()
	}
}
