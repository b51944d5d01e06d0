package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
)

// both is a reply with two calls; the user is asked about the first one.
func both(second agent.ToolCall) agent.Reply {
	return agenttest.Calls("Both.", agenttest.Call("a", "bash", map[string]any{"cmd": "ok"}), second)
}

// ended are the results that the client was told, by call, and what began.
func ended(rec *agenttest.Recorder) (list []string) {
	for _, e := range rec.Events(agent.KindToolStarted, agent.KindToolFinished) {
		list = append(list, e.Kind+" "+e.CallID+strings.TrimSuffix(": "+e.Text, ": "))
	}
	return list
}

// The calls behind the one that a killed server had asked about run when the user
// has answered.
func TestCallsBehindAnOrphan(t *testing.T) {
	second := agenttest.Call("b", "write_file", map[string]any{"path": "f", "content": "x\n"})
	long := agenttest.Call("b", "echo", map[string]any{"text": strings.Repeat("x", 1<<20)})
	for _, tt := range []struct {
		name, decision string
		second         agent.ToolCall
		want           []string
		asked          int // by the second server
	}{
		{"allowed", agent.DecisionAllow, second, []string{"toolFinished a: $ ok\nfine\n", "toolStarted b", "toolFinished b: Wrote f"}, 1},
		{"denied", agent.DecisionDeny, second, []string{"toolFinished a: [error] not run: denied", "toolStarted b", "toolFinished b: Wrote f"}, 1},
		{"cancelled", agent.DecisionCancelTurn, second, []string{
			"toolFinished a: [error] not run: the user cancelled the turn", "toolStarted b", "toolFinished b: [error] not run: cancelled",
		}, 0},
		{"long arguments", agent.DecisionAllow, long, []string{
			"toolFinished a: $ ok\nfine\n", "toolStarted b", "toolFinished b: [error] not run: its arguments went with the server that ended; call it again",
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model := agenttest.Script(agenttest.Text("Done."), agenttest.Text("Again."))
			s, rec, id := killed(t, both(tt.second), model)
			rec.Decide = allowAll
			key := pending(t, s)[0].RequestKey
			if _, err := s.Respond(t.Context(), agent.RespondParams{RequestKey: key, Response: agent.Response{Decision: tt.decision}}); err != nil {
				t.Fatal(err)
			}
			rec.WaitKind(t, agent.KindTurnFinished)
			if diff := cmp.Diff(tt.want, ended(rec)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if got := len(rec.Approvals()); got != tt.asked {
				t.Errorf("asked %d times", got)
			}
			again(t, s, id)
			requests := model.Requests()
			checkHistory(t, requests[len(requests)-1].Messages)
			if got := results(requests[len(requests)-1].Messages); len(got) != 2 {
				t.Errorf("results %q", got)
			}
		})
	}
}

// Where something else begins, or the conversation goes back, each of them is
// answered, and told.
func TestCallsBehindAnOrphanInstead(t *testing.T) {
	second := agenttest.Call("b", "echo", map[string]any{"text": "x"})
	want := []string{
		"toolFinished a: [error] not run: the server ended while the user was asked",
		"toolStarted b", "toolFinished b: [error] not run: the server ended before",
	}
	model := agenttest.Script(agenttest.Text("Hello."), agenttest.Text("Again."))
	s, rec, id := killed(t, both(second), model)
	if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "never mind", SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ended(rec)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	live := model.Requests()[0].Messages
	checkHistory(t, live)
	again(t, s, id)
	if diff := cmp.Diff(live, model.Requests()[1].Messages[:len(live)]); diff != "" {
		t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
	}

	s, rec, id = killed(t, both(second), agenttest.Script(agenttest.Text("Hello.")))
	page, err := s.SessionEvents(t.Context(), agent.SessionEventsParams{SessionID: id})
	if err != nil {
		t.Fatal(err)
	}
	no := false
	if _, err := s.RewindSession(t.Context(), agent.RewindParams{SessionID: id, TurnID: page.Events[0].TurnID, Files: &no}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ended(rec)); diff != "" {
		t.Errorf("rewound: calls (-want +got):\n%s", diff)
	}
	if _, err := s.CloseSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if res, err := s.ResumeSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil || res.State != agent.StateIdle {
		t.Errorf("%+v, %v", res, err)
	}
}

// again runs a further turn of a further server.
func again(t *testing.T, s *agent.Sessions, id string) {
	t.Helper()
	if _, err := s.CloseSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ResumeSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "again", SessionID: id}); err != nil {
		t.Fatal(err)
	}
}

func allowAll(context.Context, agent.Approval) (agent.Decision, error) {
	return agent.Decision{Decision: agent.DecisionAllow}, nil
}
