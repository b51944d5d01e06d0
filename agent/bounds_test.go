package agent

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
)

// What a turn has used adds up over its servers, without the time between them,
// and its bounds are kept too.
func TestBoundsGoWithATurn(t *testing.T) {
	at := func(seconds float64) time.Time { return time.Unix(1000, 0).Add(event.Duration(seconds)) }
	asked := func(turnID string, seconds float64) event.Event {
		return event.Event{Kind: event.KindApprovalRequested, TurnID: turnID, Time: at(seconds), Approval: &event.Approval{RequestKey: "k", TurnID: turnID}}
	}
	state := conversation.New("", conversation.Settings{Mode: event.ModeAuto}, nil)
	apply := func(list ...event.Event) *conversation.Pending {
		t.Helper()
		for _, e := range list {
			state.Apply(event.Record{Event: e})
		}
		p := state.Pending()
		if p == nil {
			t.Fatal("nothing is pending")
		}
		return p
	}
	limits := event.Limits{TimeoutSeconds: 60, Tokens: 100, CostUSD: 1}
	first := Turn{ID: "t_1", MaxSteps: 7, Mode: event.ModeAsk, Limits: limits, Dirty: []string{"a"}}.started()
	first.TurnID, first.Time = "t_1", at(0)
	p := apply(
		event.Event{Kind: event.KindSteered, DirtyFiles: &[]string{"b", "c"}},
		first,
		event.Event{Kind: event.KindUsage, Usage: &event.Usage{InputTokens: 10, OutputTokens: 5}},
		event.Event{Kind: event.KindMessage, Role: event.RoleAssistant},
		asked("t_1", 20),
	)
	want := conversation.Bounds{MaxSteps: 7, Mode: event.ModeAsk, Limits: limits, Dirty: []string{"b", "c"}}
	if diff := cmp.Diff(want, p.Bounds); diff != "" {
		t.Errorf("bounds (-want +got):\n%s", diff)
	}

	again := Turn{MaxSteps: 7, Mode: event.ModeAsk, Limits: limits, Dirty: []string{"b", "c"}, Answered: &Answered{Pending: *p}}
	second := again.started()
	second.TurnID, second.Time = "t_2", at(10_000)
	p = apply(
		second,
		event.Event{Kind: event.KindMessage, Role: event.RoleAssistant},
		event.Event{Kind: event.KindMessage, Role: event.RoleAssistant, Partial: true},
		asked("t_2", 10_005),
	)
	if diff := cmp.Diff(want, p.Bounds); diff != "" {
		t.Errorf("bounds again (-want +got):\n%s", diff)
	}
	if p.Spent != (conversation.Spent{Steps: 2, Usage: event.Usage{InputTokens: 10, OutputTokens: 5}, Time: 25 * time.Second}) {
		t.Errorf("spent %+v", p.Spent)
	}
	again.Answered.Pending = *p
	ctx, cancel := again.deadline(t.Context())
	defer cancel()
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > 35*time.Second {
		t.Errorf("it has until %v", end)
	}
}

func TestATurnWithoutABeginningAsks(t *testing.T) {
	for session, want := range map[event.Mode]event.Mode{event.ModeAuto: event.ModeAsk, event.ModeAsk: event.ModeAsk, event.ModePlan: event.ModePlan} {
		state := conversation.New("", conversation.Settings{Mode: session}, nil)
		state.Apply(event.Record{Event: event.Event{Kind: event.KindApprovalRequested, TurnID: "t_2", Approval: &event.Approval{TurnID: "t_2"}}})
		if p := state.Pending(); p == nil || p.Bounds.Mode != want {
			t.Errorf("in a session of mode %s: %+v", session, p)
		}
	}
}
