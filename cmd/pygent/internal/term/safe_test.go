package term_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
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
	for _, e := range []agent.Event{
		{Kind: agent.KindTextDelta, Delta: evil},
		{Kind: agent.KindMessage, Role: agent.RoleAssistant, Text: evil},
		{Kind: agent.KindToolStarted, Tool: evil, Arguments: evil},
		{Kind: agent.KindToolFinished, Tool: evil, Text: evil},
		{Kind: agent.KindFileChanged, Change: evil, Path: evil},
		{Kind: agent.KindRetrying, Reason: evil},
		{Kind: agent.KindNotice, Level: evil, Text: evil, TaskID: evil},
		{Kind: agent.KindTurnFinished, Status: evil, Text: evil, TaskID: evil},
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
	p.Event(t.Context(), agent.Event{Kind: agent.KindTurnFinished, Status: agent.StatusCompleted, Text: "own"})
	p.Event(t.Context(), agent.Event{Kind: agent.KindTurnFinished, Status: agent.StatusFailed, Text: "All\nof it", TaskID: "task_1"})
	if got, want := out.String(), "[task_1] failed: All of it\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
