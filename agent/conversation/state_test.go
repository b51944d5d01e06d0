package conversation

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
)

// apply applies events as records.
func apply(s *State, events ...event.Event) *State {
	for _, e := range events {
		s.Apply(event.Record{Event: e})
	}
	return s
}

func newState() *State { return New("system", Settings{Mode: event.ModeAsk}, nil) }

// said returns the messages as short texts, without the system message.
func said(list []event.Message) []string {
	var texts []string
	for _, m := range list[1:] {
		text := string(m.Role) + " " + m.Content
		for _, c := range m.ToolCalls {
			text += " " + c.ID + "(" + c.Arguments + ")"
		}
		texts = append(texts, strings.TrimSpace(text))
	}
	return texts
}

func started(id string) event.Event {
	return event.Event{Kind: event.KindTurnStarted, TurnID: id}
}

func user(text string) event.Event {
	return event.Event{Kind: event.KindMessage, Role: event.RoleUser, Text: text}
}

func reply(text string, calls ...string) event.Event {
	e := event.Event{Kind: event.KindMessage, Role: event.RoleAssistant, Text: text}
	for _, id := range calls {
		e.Calls = append(e.Calls, event.ComingCall{CallID: id, Tool: "t", Arguments: id})
	}
	return e
}

func finished(status event.Status) event.Event {
	return event.Event{Kind: event.KindTurnFinished, Status: status, Reason: "why"}
}

func TestRewindAndBack(t *testing.T) {
	s := apply(newState(),
		started("t_1"), user("one"), reply("1"), finished(event.StatusCompleted),
		started("t_2"), user("two"), reply("2"), finished(event.StatusFailed),
		event.Event{Kind: event.KindSteered, Text: "lost with the rewind"},
		event.Event{Kind: event.KindReverted, TurnID: "r_1", ToTurnID: "t_2"},
		event.Event{Kind: event.KindRewound, TurnID: "w_1", ToTurnID: "t_2"},
	)
	if diff := cmp.Diff([]string{"user one", "assistant 1"}, said(s.Messages())); diff != "" || len(s.Unheard()) > 0 {
		t.Errorf("rewound (-want +got):\n%s, unheard %q", diff, s.Unheard())
	}
	if !s.Began("r_1") || s.Began("t_3") {
		t.Error("a revert has no place, or a turn that never was has one")
	}
	want := map[string]bool{"t_2": true, "r_1": true, "w_1": true}
	if diff := cmp.Diff(want, s.Since("t_2")); diff != "" {
		t.Errorf("since (-want +got):\n%s", diff)
	}
	apply(s, event.Event{Kind: event.KindRewound, TurnID: "w_2", ToTurnID: "w_1"})
	if diff := cmp.Diff([]string{"user one", "assistant 1", "user two", "assistant 2"}, said(s.Messages())); diff != "" {
		t.Errorf("the rewind undone (-want +got):\n%s", diff)
	}
}

// The journal has the arguments that are too long for a message event.
func TestReplyBesideTheEvent(t *testing.T) {
	e := reply("both", "a", "b")
	e.Calls[1].Arguments = ""
	whole := event.Message{Role: event.RoleAssistant, Content: "both", ToolCalls: []event.ToolCall{{ID: "a", Name: "t", Arguments: "a"}, {ID: "b", Name: "t", Arguments: "long"}}}
	s := apply(newState(), started("t_1"), user("go"))
	s.Apply(event.Record{Event: e, Reply: &whole})
	if diff := cmp.Diff([]string{"user go", "assistant both a(a) b(long)"}, said(s.Messages())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUniqueIDs(t *testing.T) {
	s := apply(newState(), started("t_1"), user("go"), reply("", "a", "b"),
		event.Event{Kind: event.KindToolFinished, CallID: "a"}, event.Event{Kind: event.KindToolFinished, CallID: "b"})
	var ids []string
	for _, c := range s.UniqueIDs([]event.ToolCall{{ID: "a"}, {ID: "c"}, {ID: "c"}, {}}) {
		ids = append(ids, c.ID)
	}
	if diff := cmp.Diff([]string{"call_5_0", "c", "call_5_2", "call_5_3"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRulesAreBounded(t *testing.T) {
	s := newState()
	first := event.Event{Kind: event.KindApprovalResolved, Tool: "bash", Rule: "go test *"}
	for i := range maxRules + 5 {
		apply(s, first, event.Event{Kind: event.KindApprovalResolved, Tool: "bash", Rule: fmt.Sprint("make ", i)})
	}
	rules := s.Rules()
	if len(rules) != maxRules {
		t.Errorf("%d rules are kept", len(rules))
	}
	if last := rules[len(rules)-1]; last.Text != fmt.Sprint("make ", maxRules+4) {
		t.Errorf("the last rule is %q", last.Text)
	}
}

// For any records in any order, with any lines lost, each call has exactly one
// result, directly after its reply, and an open turn can be ended.
func TestAnyRecordsMakeAConversation(t *testing.T) {
	kinds := []func(n int) event.Event{
		func(n int) event.Event { return started(fmt.Sprint("t_", n)) },
		func(n int) event.Event { e := started(fmt.Sprint("t_", n)); e.RequestKey = "k"; return e },
		func(n int) event.Event { return user("u") },
		func(n int) event.Event { return reply("r") },
		func(n int) event.Event { return reply("r", fmt.Sprint("c", n), fmt.Sprint("c", n+1)) },
		func(n int) event.Event {
			return event.Event{Kind: event.KindToolStarted, CallID: fmt.Sprint("c", n), Tool: "t"}
		},
		func(n int) event.Event {
			return event.Event{Kind: event.KindToolFinished, CallID: fmt.Sprint("c", n), Tool: "t"}
		},
		func(n int) event.Event { return finished(event.StatusCompleted) },
		func(n int) event.Event { return finished(event.StatusCancelled) },
		func(n int) event.Event {
			return event.Event{Kind: event.KindApprovalRequested, CallID: fmt.Sprint("c", n), TurnID: "t_1", Approval: &event.Approval{RequestKey: "k", TurnID: "t_1"}}
		},
		func(n int) event.Event { return event.Event{Kind: event.KindApprovalResolved, RequestKey: "k"} },
		func(n int) event.Event {
			return event.Event{Kind: event.KindRewound, TurnID: "w", ToTurnID: fmt.Sprint("t_", n)}
		},
		func(n int) event.Event { return event.Event{Kind: event.KindReverted, TurnID: fmt.Sprint("r_", n)} },
	}
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newState()
		for range 1 + r.IntN(40) {
			if r.IntN(8) == 0 {
				s.Lost()
			}
			apply(s, kinds[r.IntN(len(kinds))](r.IntN(6)))
		}
		checkCalls(t, seed, s.Ended(), s.Pending() != nil)
		apply(s, s.Unfinished()...)
		apply(s, started("t_last"), user("on"))
		checkCalls(t, seed, s.Messages(), false)
		if s.Pending() != nil {
			t.Errorf("seed %d: a new turn has begun, and the old one still asks", seed)
		}
		if t.Failed() {
			return
		}
	}
}

// checkCalls fails unless each call of a message has its result after it. The
// last calls of an open turn that asks may have none.
func checkCalls(t *testing.T, seed uint64, list []event.Message, asks bool) {
	t.Helper()
	for i, m := range list {
		for n, c := range m.ToolCalls {
			switch at := i + 1 + n; {
			case at < len(list) && list[at].ToolCallID == c.ID:
			case asks && at >= len(list):
			default:
				t.Errorf("seed %d: call %s of message %d has no result: %q", seed, c.ID, i, said(list))
				return
			}
		}
	}
}

// A call whose result is kept does not ask any more, although the record of the
// decision is lost.
func TestResultClosesTheApproval(t *testing.T) {
	s := apply(newState(), started("t_1"), user("go"), reply("", "a", "b"),
		event.Event{Kind: event.KindToolStarted, CallID: "a"},
		event.Event{Kind: event.KindApprovalRequested, CallID: "a", TurnID: "t_1", Approval: &event.Approval{RequestKey: "k", TurnID: "t_1"}})
	if s.Pending() == nil {
		t.Fatal("nothing is pending")
	}
	s.Lost()
	apply(s, event.Event{Kind: event.KindToolFinished, CallID: "a", Text: "ran"})
	if p := s.Pending(); p != nil {
		t.Errorf("%+v is still pending", p)
	}
}
