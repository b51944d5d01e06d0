package term_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"plain text\n\twith tab":    "plain text\n\twith tab",
		"größe 日本 🎉":                "größe 日本 🎉",
		"\x1b]52;c;aGk=\x07":        `\x1b]52;c;aGk=\x07`,
		"\x1b[31mred":               `\x1b[31mred`,
		"a\r\nb":                    "a\nb",
		"over\rwritten":             `over\x0dwritten`,
		"nul\x00":                   `nul\x00`,
		"c1 \u009b31m":              `c1 \u009b31m`,
		"bidi \u202egnp.exe":        `bidi \u202egnp.exe`,
		"zero\u200bwidth \u2066x":   `zero\u200bwidth \u2066x`,
		"bad \xff byte":             "bad \uFFFD byte",
		"line\u2028separator\u2029": `line\u2028separator\u2029`,
	} {
		if got := term.Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	if got := term.Line("one\n two\tthree\x1b[0m", 12); got != "one two thr…" {
		t.Errorf("Line = %q", got)
	}
}

func FuzzSafe(f *testing.F) {
	f.Add("a\x1b[0m\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := term.Safe(s)
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 }) {
			t.Errorf("Safe(%q) = %q holds a control character", s, got)
		}
		if again := term.Safe(got); again != got {
			t.Errorf("Safe is not stable on %q", s)
		}
	})
}

func TestPrinterLetsNothingControlTheTerminal(t *testing.T) {
	const evil = "x\x1b]0;PWNED\a\r\nforged line"
	var out strings.Builder
	p := &term.Printer{Out: &out, Activity: &out}
	for _, e := range []event.Event{
		{Kind: event.KindTextDelta, Delta: evil},
		{Kind: event.KindMessage, Role: event.RoleAssistant, Text: evil},
		{Kind: event.KindToolStarted, Tool: evil, Arguments: evil},
		{Kind: event.KindToolStarted, Title: evil, Detail: evil},
		{Kind: event.KindToolFinished, Tool: evil, Text: evil},
		{Kind: event.KindFileChanged, Change: evil, Path: evil},
		{Kind: event.KindRetrying, Reason: evil},
		{Kind: event.KindNotice, Level: evil, Text: evil, TaskID: evil},
		{Kind: event.KindTurnFinished, Status: evil, Text: evil, TaskID: evil},
	} {
		p.Event(t.Context(), e)
	}
	if got := out.String(); strings.ContainsAny(got, "\x1b\a\r") || !strings.Contains(got, `\x1b]0;PWNED\x07`) {
		t.Errorf("printed %q", got)
	}
}

func TestPrinterTellsTheEndOfATask(t *testing.T) {
	var out strings.Builder
	p := &term.Printer{Out: &out, Activity: &out}
	p.Event(t.Context(), event.Event{Kind: event.KindTurnFinished, Status: event.StatusCompleted, Text: "own"})
	p.Event(t.Context(), event.Event{Kind: event.KindTurnFinished, Status: event.StatusFailed, Text: "All\nof it", TaskID: "task_1"})
	if got, want := out.String(), "[task_1] failed: All of it\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestPrinterTellsCalls(t *testing.T) {
	var out strings.Builder
	p := &term.Printer{Out: &out, Activity: &out}
	for _, e := range []event.Event{
		{Kind: event.KindToolStarted, CallID: "1", Tool: "shell", Arguments: `{"x":1}`, Title: "Run", Detail: "ls\n\tx", Terminal: true},
		{Kind: event.KindToolStarted, CallID: "1", TaskID: "task_1", SessionID: "s_1", Title: "Stop"},
		{Kind: event.KindToolFinished, CallID: "1", TaskID: "task_1", SessionID: "s_1", Text: "$ is no prompt\nhere\n"},
		{Kind: event.KindToolFinished, CallID: "1", Tool: "shell", Text: "$ ls\nnotes.md\n"},
		{Kind: event.KindToolStarted, CallID: "2", Tool: "shell", Arguments: `{"x":1}`}, // of an older server
		{Kind: event.KindToolFinished, CallID: "2", Tool: "shell", Text: "$ ls\n"},
	} {
		p.Event(t.Context(), e)
	}
	want := "* Run: ls x\n[task_1] * Stop\n[task_1]   $ is no prompt\n[task_1]   here\n  notes.md\n* shell: {\"x\":1}\n  $ ls\n"
	if got := out.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
