package chat

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

// fixture reads a file that every client's tests read, one value per line.
func fixture[T any](tb testing.TB, name string) (list []T) {
	tb.Helper()
	data, err := os.ReadFile("../../../rpc/testdata/clients/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			tb.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// until returns the events up to the first for which last is true.
func until(events []event.Event, last func(event.Event) bool) batch {
	var b batch
	for _, e := range events {
		b = append(b, e)
		if last(e) {
			break
		}
	}
	return b
}

// Each call is shown with its title, its detail and its own output, whatever its tool and
// whenever it ends.
func TestEveryToolIsShown(t *testing.T) {
	m := offline(t)
	m.writing = true
	events := fixture[event.Event](t, "calls.jsonl")
	m.Update(until(events, func(event.Event) bool { return false }))
	printed := m.printed()
	for _, e := range events {
		if e.Kind != event.KindToolStarted {
			continue
		}
		end := events[slices.IndexFunc(events, func(f event.Event) bool {
			return f.Kind == event.KindToolFinished && f.CallID == e.CallID
		})]
		mark := "✓ "
		if term.Failed(end) {
			mark = "✗ "
		}
		head := strings.TrimRight(mark+e.Title+" "+e.Detail, " ")
		contains(t, e.Tool, strings.ReplaceAll(printed, " \n", "\n"), head+"\n    output of "+e.CallID+"\n")
	}
	contains(t, "scrollback", printed, "› use every tool\n  attached: shot.png\n", "added notes.md (+1 -0)", "\n        10        indented\n", "        --- FAIL: TestParse",
		"  ✓ look around\n  ✓ change the parser\n  ▸ run the tests")
	if n := strings.Count(printed, "run the tests"); n != 1 {
		t.Errorf("the plan is printed %d times", n)
	}
	if strings.Contains(m.shows(), "run the tests") || strings.Contains(m.shows(), "writing") {
		t.Errorf("the turn has ended:\n%s", m.shows())
	}
}

func TestCallsSideBySideAreShownWhileTheyRun(t *testing.T) {
	m := offline(t)
	m.writing = true
	m.Update(until(fixture[event.Event](t, "calls.jsonl"), func(e event.Event) bool { return e.Kind == event.KindToolFinished && e.CallID == "c-grep" }))
	contains(t, "screen", m.shows(), "Read src/parse.go\n", "Find files **/*.go\n    live of c-glob\n", "Look at shot.png")
	if strings.Contains(m.shows(), "func Parse") {
		t.Errorf("the search has ended:\n%s", m.shows())
	}
}

func TestAPlanIsUpdatedInPlace(t *testing.T) {
	m := offline(t)
	m.writing = true
	events := fixture[event.Event](t, "calls.jsonl")
	m.Update(until(events, func(e event.Event) bool { return e.Kind == event.KindPlan }))
	contains(t, "screen", m.shows(), "  ▸ look around\n  ○ change the parser\n  ○ run the tests\n")
	m.Update(until(events, func(e event.Event) bool { return e.CallID == "c-back" }))
	contains(t, "screen", m.shows(), "  ✓ look around\n  ✓ change the parser\n  ▸ run the tests\n")
	if n := strings.Count(m.shows(), "look around"); n != 1 {
		t.Errorf("the plan is shown %d times", n)
	}
	m.Update(batch{event.Event{Kind: event.KindRewound, ToTurnID: "t"}})
	if strings.Contains(m.shows(), "look around") {
		t.Errorf("the plan is shown after a rewind:\n%s", m.shows())
	}
}

// A plan never takes the room of what is asked or written.
func TestALongPlanIsShort(t *testing.T) {
	m := offline(t)
	m.writing = true
	steps := make([]event.PlanStep, 40)
	for i := range steps {
		steps[i] = event.PlanStep{Step: strings.Repeat("x", 200) + "\x1b[2J", Status: "pending"}
		if i < 20 {
			steps[i].Status = "completed"
		}
	}
	steps[20] = event.PlanStep{Step: "now\x1b[2J", Status: "in_progress"}
	m.Update(batch{event.Event{Kind: event.KindTurnStarted}, event.Event{Kind: event.KindPlan, Plan: steps}})
	shown := m.shows()
	contains(t, "screen", shown, "… 19 steps before", `▸ now\x1b[2J`, "steps after", "working")
	if n := strings.Count(shown, "\n"); n > 12 {
		t.Errorf("%d lines:\n%s", n, shown)
	}
	m.height = 8
	contains(t, "a low screen", m.shows(), `plan 20/40: now\x1b[2J`)
	m.Update(batch{event.Event{Kind: event.KindPlan}})
	if strings.Contains(m.shows(), "plan") {
		t.Errorf("an empty plan is shown:\n%s", m.shows())
	}
}

func TestProgressOfALongCallIsShown(t *testing.T) {
	m := offline(t)
	m.writing = true
	progress := func(id, tool string, bytes int64) event.Event {
		return event.Event{Kind: event.KindToolProgress, CallID: id, Tool: tool, Bytes: bytes}
	}
	for name, end := range map[string]event.Event{
		"the call":  {Kind: event.KindToolStarted, CallID: "a", Title: "Write"},
		"the reply": {Kind: event.KindMessage, Role: event.RoleAssistant},
		"a retry":   {Kind: event.KindRetrying, Attempt: 1},
		"the turn":  {Kind: event.KindTurnFinished, Status: event.StatusCancelled},
	} {
		m.Update(batch{event.Event{Kind: event.KindTurnStarted}, progress("a", "write_file", 900), progress("b", "evil\x1b[2J\n", 5), progress("a", "write_file", 12345)})
		contains(t, name, m.shows(), "writing write_file … 12 kB\n", `writing evil\x1b[2J … 5 B`)
		if strings.Contains(m.shows(), "900") {
			t.Errorf("%s: an old size is shown:\n%s", name, m.shows())
		}
		m.Update(batch{end})
		if strings.Contains(m.shows(), "writing") {
			t.Errorf("%s ends it:\n%s", name, m.shows())
		}
		m.script.settle()
	}
}

func TestTheInboxKeepsTheNewestProgress(t *testing.T) {
	box := newInbox()
	for _, e := range []event.Event{
		{Kind: event.KindToolProgress, CallID: "a", Bytes: 1},
		{Kind: event.KindToolProgress, CallID: "a", Bytes: 2},
		{Kind: event.KindToolProgress, CallID: "b", Bytes: 3},
	} {
		box.put(e)
	}
	got := box.take()
	if len(got) != 2 || got[0].(event.Event).Bytes != 2 || got[1].(event.Event).Bytes != 3 {
		t.Errorf("%+v", got)
	}
}

// What an approval shows does not depend on the tool.
func TestEveryToolThatAsksShowsWhatItDoes(t *testing.T) {
	for _, a := range fixture[event.Approval](t, "approvals.jsonl") {
		m := offline(t)
		m.writing = true
		m.Update(batch{&ask{answer: make(chan any, 1), approval: &a}})
		printed := m.printed()
		contains(t, a.RequestKey, printed, "? "+a.Title, strings.TrimRight(a.Command, "\n"))
		for _, c := range a.Changes {
			contains(t, a.RequestKey, printed, strings.ReplaceAll(strings.TrimRight(c.Patch, "\n"), "\n", "\n  "))
		}
		if always := strings.Contains(m.shows(), "always in this session: "+a.Rule); always != (a.Rule != "") {
			t.Errorf("%s: always is offered: %v", a.RequestKey, always)
		}
	}
}
