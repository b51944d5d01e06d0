package session_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
)

// both makes a reply with two calls; the user is asked about the first one.
func both(second event.ToolCall) agent.Reply {
	return agenttest.Calls("Both.", agenttest.Call("a", "bash", map[string]any{"cmd": "ok"}), second)
}

// ended returns the results that the client got, by call, and the calls that
// began.
func ended(rec *agenttest.Recorder) (list []string) {
	for _, e := range rec.Events(event.KindToolStarted, event.KindToolFinished) {
		list = append(list, string(e.Kind)+" "+e.CallID+strings.TrimSuffix(": "+e.Text, ": "))
	}
	return list
}

// The calls after the one that a killed server had asked about run when the user
// has answered.
func TestCallsAfterAnOpenApproval(t *testing.T) {
	second := agenttest.Call("b", "write_file", map[string]any{"path": "f", "content": "x\n"})
	long := agenttest.Call("b", "write_file", map[string]any{"path": "f", "content": strings.Repeat("x", 1<<20)})
	for _, tt := range []struct {
		name     string
		decision event.Choice
		second   event.ToolCall
		want     []string
		asked    int // by the second server
	}{
		{"allowed", event.DecisionAllow, second, []string{"toolFinished a: $ ok\nfine\n", "toolStarted b", "toolFinished b: Wrote f"}, 1},
		{"denied", event.DecisionDeny, second, []string{"toolFinished a: [error] not run: denied", "toolStarted b", "toolFinished b: Wrote f"}, 1},
		{"cancelled", event.DecisionCancelTurn, second, []string{
			"toolFinished a: [error] not run: the user cancelled the turn", "toolStarted b", "toolFinished b: [error] not run: cancelled",
		}, 0},
		{"long arguments", event.DecisionAllow, long, []string{"toolFinished a: $ ok\nfine\n", "toolStarted b", "toolFinished b: Wrote f"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model := agenttest.Script(agenttest.Text("Done."), agenttest.Text("Again."))
			s, rec, id := killed(t, both(tt.second), model)
			rec.Decide = allowAll
			key := pending(t, s)[0].RequestKey
			if _, err := s.Respond(t.Context(), session.RespondParams{RequestKey: key, Response: approval.Response{Decision: tt.decision}}); err != nil {
				t.Fatal(err)
			}
			rec.WaitKind(t, event.KindTurnFinished)
			if diff := cmp.Diff(tt.want, ended(rec)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if got := len(rec.Approvals()); got != tt.asked {
				t.Errorf("asked %d times", got)
			}
			again(t, s, id)
			requests := model.Requests()
			agenttest.CheckHistory(t, requests[len(requests)-1].Messages)
			if got := agenttest.Results(requests[len(requests)-1].Messages); len(got) != 2 {
				t.Errorf("results %q", got)
			}
		})
	}
}

// When something else begins, or the conversation is rewound, each of these calls
// gets a result, which is sent to the client.
func TestCallsAfterAnOpenApprovalAreAnswered(t *testing.T) {
	second := agenttest.Call("b", "echo", map[string]any{"text": "x"})
	want := []string{
		"toolFinished a: [error] not run: the server ended while the user was asked",
		"toolStarted b", "toolFinished b: [error] not run: the server ended before",
	}
	model := agenttest.Script(agenttest.Text("Hello."), agenttest.Text("Again."))
	s, rec, id := killed(t, both(second), model)
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "never mind", SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ended(rec)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	live := model.Requests()[0].Messages
	agenttest.CheckHistory(t, live)
	again(t, s, id)
	if diff := cmp.Diff(live, model.Requests()[1].Messages[:len(live)]); diff != "" {
		t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
	}

	s, rec, id = killed(t, both(second), agenttest.Script(agenttest.Text("Hello.")))
	page, err := s.SessionEvents(t.Context(), session.SessionEventsParams{SessionID: id})
	if err != nil {
		t.Fatal(err)
	}
	no := false
	if _, err := s.RewindSession(t.Context(), session.RewindParams{SessionID: id, TurnID: page.Events[0].TurnID, Files: &no}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ended(rec)); diff != "" {
		t.Errorf("rewound: calls (-want +got):\n%s", diff)
	}
	if _, err := s.CloseSession(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if res, _, err := s.Resume(t.Context(), id); err != nil || res.State != event.SessionIdle {
		t.Errorf("%+v, %v", res, err)
	}
}

// A call that a killed server had not begun gets the title of the next server's
// tool.
func TestCallsAfterAnOpenApprovalHaveTitles(t *testing.T) {
	second := agenttest.Call("b", "ask_user", map[string]any{"prompt": "Which?"})
	s, rec, id := killed(t, both(second), agenttest.Script(agenttest.Text("Hello.")))
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "never mind", SessionID: id}); err != nil {
		t.Fatal(err)
	}
	began := rec.Events(event.KindToolStarted)
	if len(began) != 1 || began[0].Title != "Ask" || began[0].Detail != "Which?" {
		t.Errorf("%+v", began)
	}
}

// again runs a further turn in a further server.
func again(t *testing.T, s *session.Manager, id string) {
	t.Helper()
	if _, err := s.CloseSession(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "again", SessionID: id}); err != nil {
		t.Fatal(err)
	}
}

func allowAll(context.Context, event.Approval) (event.Decision, error) {
	return event.Decision{Decision: event.DecisionAllow}, nil
}
