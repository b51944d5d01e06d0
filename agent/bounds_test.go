package agent

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What a turn had used adds up over the servers that it was in, without the time in
// which there was none. Dirty files are those that were said last.
func TestUnderway(t *testing.T) {
	at := func(seconds float64) time.Time { return time.Unix(1000, 0).Add(duration(seconds)) }
	first := Turn{ID: "t_1", MaxSteps: 7, Mode: ModeAsk, Timeout: time.Minute, Tokens: 100, CostUSD: 1, Dirty: []string{"a"}}.started()
	first.TurnID, first.Time = "t_1", at(0)
	events := []Event{
		{Kind: KindSteered, DirtyFiles: &[]string{"b", "c"}},
		first,
		{Kind: KindUsage, Usage: &Usage{InputTokens: 10, OutputTokens: 5}},
		{Kind: KindMessage, Role: RoleAssistant},
		{Kind: KindApprovalRequested, Time: at(20)},
	}
	var u underway
	for _, e := range events {
		u.see(e, settings{Mode: ModeAuto})
	}
	want := Turn{MaxSteps: 7, Mode: ModeAsk, Timeout: time.Minute, Tokens: 100, CostUSD: 1, Dirty: []string{"b", "c"}}
	got := u.bounds("t_1", settings{Mode: ModeAuto})
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Turn{})); diff != "" || u.mode != ModeAuto {
		t.Errorf("mode %s, bounds (-want +got):\n%s", u.mode, diff)
	}

	got.resumed = &answered{orphan: orphan{spent: u.spent}}
	second := got.started()
	second.TurnID, second.Time = "t_2", at(10_000)
	for _, e := range []Event{second, {Kind: KindMessage, Role: RoleAssistant}, {Kind: KindMessage, Role: RoleAssistant, Partial: true}, {Kind: KindApprovalRequested, Time: at(10_005)}} {
		u.see(e, settings{Mode: ModeAuto})
	}
	if diff := cmp.Diff(want, u.bounds("t_2", settings{}), cmpopts.IgnoreUnexported(Turn{})); diff != "" {
		t.Errorf("bounds again (-want +got):\n%s", diff)
	}
	if u.spent != (spent{steps: 2, usage: Usage{InputTokens: 10, OutputTokens: 5}, time: 25 * time.Second}) {
		t.Errorf("spent %+v", u.spent)
	}
	got.resumed = &answered{orphan: orphan{spent: u.spent}}
	ctx, cancel := got.deadline(t.Context())
	defer cancel()
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > 35*time.Second {
		t.Errorf("it has until %v", end)
	}
	u.see(Event{Kind: KindTurnFinished}, settings{})
	for session, want := range map[string]string{ModeAuto: ModeAsk, ModeAsk: ModeAsk, ModePlan: ModePlan} {
		if got := u.bounds("t_2", settings{Mode: session}).Mode; got != want {
			t.Errorf("a turn whose beginning is lost has mode %q in a session of mode %s", got, session)
		}
	}
}
