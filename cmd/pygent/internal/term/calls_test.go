package term_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// fixture reads the events that every client's tests read.
func fixture(t *testing.T) (list []event.Event) {
	t.Helper()
	data, err := os.ReadFile("../../../../rpc/testdata/clients/calls.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var e event.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// printed returns what a Printer prints of events.
func printed(t *testing.T, terminal bool, events ...event.Event) string {
	t.Helper()
	var out strings.Builder
	p := &term.Printer{Out: &out, Activity: &out, Terminal: terminal}
	for _, e := range events {
		p.Event(t.Context(), e)
	}
	return out.String()
}

// The output of a call follows its line, or a line that names it again where other calls
// ran beside it.
func TestEveryToolIsPrinted(t *testing.T) {
	events := fixture(t)
	got := printed(t, false, events...)
	for _, e := range events {
		if e.Kind != event.KindToolStarted {
			continue
		}
		call := e.Title
		if e.Detail != "" {
			call += ": " + term.Line(e.Detail, 160)
		}
		if !strings.Contains(got, "* "+call+"\n") {
			t.Errorf("%s is not printed: %s", e.Tool, call)
		}
		after := call + "\n  output of " + e.CallID + "\n"
		if e.CallID == "c-plan" {
			after = call + "\n  plan 0/3: look around\n  output of c-plan\n"
		}
		if !strings.Contains(got, after) {
			t.Errorf("the output of %s does not follow %q", e.CallID, call)
		}
	}
	for _, want := range []string{"\n✓ Read: src/parse.go\n  output of c-read\n      10        indented\n", "\n      --- FAIL: TestParse\n", "\n  plan 2/3: run the tests\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(got, "writing") || strings.Contains(got, "\r") {
		t.Error("progress is printed where there is no terminal")
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestProgressIsReplaced(t *testing.T) {
	got := printed(t, true,
		event.Event{Kind: event.KindTextDelta, Delta: "I write.\n    indented"},
		event.Event{Kind: event.KindToolProgress, Tool: "write_file", Bytes: 12_345},
		event.Event{Kind: event.KindToolProgress, Tool: "write\x1b[2J", Bytes: 999_999},
		event.Event{Kind: event.KindToolProgress, Tool: "x", Bytes: 2_500_000},
		event.Event{Kind: event.KindToolStarted, Title: "Write", Detail: "a.txt"},
	)
	lines := strings.Split(got, "\n")
	if len(lines) != 4 || lines[0] != "I write." || lines[1] != "    indented" {
		t.Fatalf("printed %q", got)
	}
	shown := strings.Split(lines[2], "\r")
	for i, want := range []string{"", "writing write_file … 12 kB", `writing write\x1b[2J … 1000 kB`, "writing x … 2.5 MB", "", "* Write: a.txt"} {
		if i >= len(shown) || strings.TrimRight(shown[i], " ") != want {
			t.Errorf("line %d of %q is not %q", i, shown, want)
		}
	}
	for i := 1; i+1 < len(shown)-1; i++ {
		if a, b := len([]rune(strings.TrimRight(shown[i], " "))), len([]rune(shown[i+1])); b < a {
			t.Errorf("%q leaves something of %q", shown[i+1], shown[i])
		}
	}
}

func TestPlanInALine(t *testing.T) {
	steps := func(statuses ...string) (plan []event.PlanStep) {
		for i, s := range statuses {
			plan = append(plan, event.PlanStep{Step: string(rune('a' + i)), Status: s})
		}
		return plan
	}
	for want, plan := range map[string][]event.PlanStep{
		"":                nil,
		"plan 1/3: c":     steps("completed", "pending", "in_progress"),
		"plan 1/2: b":     steps("completed", "pending"),
		"plan 2/2":        steps("completed", "completed"),
		"plan 0/1: a":     steps("of a later server"),
		`plan 0/1: \x1bx`: {{Step: "\x1bx"}},
	} {
		if got := term.Plan(plan); got != want {
			t.Errorf("%v: %q, want %q", plan, got, want)
		}
	}
}

func TestCutKeepsIndentation(t *testing.T) {
	for in, want := range map[string]string{
		"\tif x {  \n":   "    if x {",
		"  a   b":        "  a   b",
		"    too long":   "    too l…",
		"\x1b[31m  \r\n": `\x1b[31m`,
	} {
		if got := term.Cut(in, 10); got != want {
			t.Errorf("Cut(%q) = %q, want %q", in, got, want)
		}
	}
}
