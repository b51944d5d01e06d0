package chat

import (
	"fmt"
	"io"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	xansi "github.com/charmbracelet/x/ansi"

	"github.com/pygent/pygent/agent"
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

// printed is what was printed since, without colours.
func (m *screen) printed() string {
	text := strings.Join(m.queue, "\n")
	m.queue = nil
	return xansi.Strip(text)
}

// shows is the drawn screen, without colours.
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
	m.writing = true // prints are looked at, not made
	zero := 0
	m.Update(batch{
		agent.Event{Kind: agent.KindTurnStarted},
		agent.Event{Kind: agent.KindMessage, Role: agent.RoleUser, Text: "fix it"},
		agent.Event{Kind: agent.KindTextDelta, Delta: "First **block**.\n\nSecond, op"},
	})
	contains(t, "scrollback", m.printed(), "› fix it", "First block.")
	contains(t, "screen", m.shows(), "Second, op", "working 0s; Ctrl-C stops", "ask · m · local (strong)")
	m.Update(batch{
		agent.Event{Kind: agent.KindTextDelta, Delta: "en."},
		agent.Event{Kind: agent.KindMessage, Role: agent.RoleAssistant, Text: "First **block**.\n\nSecond, open."},
		agent.Event{Kind: agent.KindToolStarted, CallID: "c", Tool: "bash", Arguments: `{"cmd":"make"}`},
		agent.Event{Kind: agent.KindToolOutput, CallID: "c", Delta: "1\n2\n3\n4\n5\n6\x1b[2J\n"},
	})
	if got := m.printed(); strings.Count(got, "Second, open.") != 1 {
		t.Errorf("the open block is printed as %q", got)
	}
	screen := m.shows()
	contains(t, "screen", screen, "bash make", `    6\x1b[2J`)
	if strings.Contains(screen, "    1\n") {
		t.Errorf("more than %d lines of output are shown:\n%s", liveLines, screen)
	}
	m.Update(batch{
		agent.Event{Kind: agent.KindToolFinished, CallID: "c", Tool: "bash", Text: "$ make\n1\n2\n", ExitCode: &zero},
		agent.Event{Kind: agent.KindFileChanged, Change: "added", Path: "a.txt", Added: 3},
		agent.Event{Kind: agent.KindUsage, Usage: &agent.Usage{InputTokens: 1200, OutputTokens: 34}},
		agent.Event{Kind: agent.KindTurnFinished, Status: agent.StatusFailed, Error: &agent.ErrorDetail{Message: "too bad"}},
	})
	contains(t, "scrollback", m.printed(), "✓ bash make\n    1\n    2\n  added a.txt (+3 -0)", "failed: too bad")
	contains(t, "screen", m.shows(), "1.2k tokens")
	if strings.Contains(m.shows(), "working") {
		t.Errorf("the turn has ended:\n%s", m.shows())
	}
}

func TestAnApprovalIsAnswered(t *testing.T) {
	approval := func() *ask {
		return &ask{answer: make(chan any, 1), approval: &agent.Approval{
			Title: "Edit a file", Rule: "edit *", Options: []string{"allow", "allowForSession", "deny", "cancelTurn"},
			Changes: []tools.Patch{{Path: "a", Patch: "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-old\n+new\x1b[2J\n"}, {Path: "out/b", Patch: "a link\n"}},
		}}
	}
	for _, tt := range []struct {
		keys []string
		want agent.Decision
	}{
		{[]string{"y"}, agent.Decision{Decision: "allow"}},
		{[]string{"x", "a"}, agent.Decision{Decision: "allowForSession"}},
		{[]string{"n", "enter"}, agent.Decision{Decision: "deny"}},
		{[]string{"n", "n", "o", "enter"}, agent.Decision{Decision: "deny", Feedback: "no"}},
		{[]string{"n", "esc", "c"}, agent.Decision{Decision: "cancelTurn"}},
	} {
		m := offline(t)
		m.writing = true
		a := approval()
		m.Update(batch{a})
		m.press("y", "c") // the user was typing
		if len(a.answer) != 0 {
			t.Fatalf("a key that was pressed before the question could be read answers it: %v", <-a.answer)
		}
		contains(t, "scrollback", m.printed(), "Edit a file", "-old", `+new\x1b[2J`, "out/b: a link")
		contains(t, "screen", m.shows(), "always in this session: edit *", "cancel the turn")
		m.Update(settled{a})
		m.press(tt.keys...)
		select {
		case got := <-a.answer:
			if got != tt.want {
				t.Errorf("%v: %+v, want %+v", tt.keys, got, tt.want)
			}
		default:
			t.Errorf("%v: no answer", tt.keys)
		}
		if strings.Contains(m.shows(), "Allow?") {
			t.Errorf("%v: it is still asked", tt.keys)
		}
	}
}

func TestWhoIsAskedCanSuspend(t *testing.T) {
	m := offline(t)
	a := &ask{answer: make(chan any, 1), approval: &agent.Approval{Title: "Edit a file", Options: []string{"allow", "deny"}}}
	m.Update(batch{a})
	m.Update(settled{a})
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
	first := &ask{answer: make(chan any, 1), approval: &agent.Approval{Title: "first", Options: []string{"allow"}}}
	second := &ask{answer: make(chan any, 1), question: &agent.Question{Question: "Which?", Options: []string{"red", "blue"}}}
	m.Update(batch{first, second})
	if got := m.printed(); strings.Contains(got, "Which?") {
		t.Errorf("both are asked at once: %q", got)
	}
	m.Update(batch{withdrawn{first}})
	contains(t, "scrollback", m.printed(), "Which?", "2) blue")
	m.write("2")
	m.press("enter")
	if got := <-second.answer; got != (agent.Answer{Answer: "blue"}) {
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
	m.Update(batch{agent.Event{Kind: agent.KindMessage, Role: agent.RoleUser, Text: "one\ntwo\nthree"}})
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
	m.Update(batch{agent.Event{Kind: agent.KindTurnStarted}})
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
		agent.Event{Kind: agent.KindTextDelta, TaskID: "task_1", Delta: "not for the screen"},
		tasks.Task{TaskID: "task_1", Name: "look", State: tasks.StateFinished, Status: "finished"},
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
		agent.Event{Kind: agent.KindToolStarted, TaskID: "task_a", CallID: "c", Tool: "bash", Arguments: `{"cmd":"ls"}`},
		agent.Event{Kind: agent.KindApprovalResolved, TaskID: "task_a", Decision: agent.DecisionDeny, Feedback: "not there"},
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
			agent.Event{Kind: agent.KindToolStarted, CallID: id, Tool: "bash", Arguments: `{"cmd":"` + strings.Repeat("long ", 50) + `"}`},
			agent.Event{Kind: agent.KindToolOutput, CallID: id, Delta: strings.Repeat("x", 500) + "\n"},
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
			box.put(agent.Event{Kind: agent.KindTextDelta, Delta: "x"})
			box.put(agent.Event{Kind: agent.KindUsage, Steps: i})
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
			e := item.(agent.Event)
			if e.Kind == agent.KindUsage {
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

// BenchmarkTwentyThousandDeltas is a long reply of a fast model, from the wire's
// end of the inbox to the terminal's bytes. The budget is one second.
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
				m.inbox.put(agent.Event{Kind: agent.KindTextDelta, Delta: text[i*size : (i+1)*size]})
			}
			m.inbox.put(agent.Event{Kind: agent.KindTurnFinished, Status: agent.StatusCompleted})
			m.inbox.put(closed{})
		}()
		if _, err := program.Run(); err != nil {
			b.Fatal(err)
		}
		m.inbox.close()
	}
}
