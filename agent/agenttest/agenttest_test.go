package agenttest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

func TestScript(t *testing.T) {
	down := errors.New("down")
	m := agenttest.Script(
		agenttest.Calls("two words", agenttest.Call("a", "bash", map[string]any{"cmd": "ls"})),
		down,
		func(_ context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
			emit(agent.Delta{Reasoning: "hm"})
			return agenttest.Text("you said " + req.Messages[0].Content), nil
		},
	)
	req := agent.Request{Messages: []event.Message{{Role: event.RoleUser, Content: "hi"}}}
	var deltas []agent.Delta
	emit := func(d agent.Delta) { deltas = append(deltas, d) }

	first, err := m.Chat(t.Context(), req, emit)
	if err != nil || first.Message.ToolCalls[0].Arguments != `{"cmd":"ls"}` || first.Finish != agent.FinishTools {
		t.Errorf("reply %+v, %v", first, err)
	}
	req.Messages[0].Content = "changed" // must not change the kept request
	if _, err := m.Chat(t.Context(), req, emit); !errors.Is(err, down) {
		t.Errorf("error %v", err)
	}
	if third, err := m.Chat(t.Context(), req, emit); err != nil || third.Message.Content != "you said changed" {
		t.Errorf("reply %+v, %v", third, err)
	}
	if _, err := m.Chat(t.Context(), req, emit); err == nil || !strings.Contains(err.Error(), "call 4") {
		t.Errorf("beyond the end: %v", err)
	}
	if got := m.Requests()[0].Messages[0].Content; got != "hi" || m.Remaining() != 0 {
		t.Errorf("kept %q, %d remain", got, m.Remaining())
	}
	want := []agent.Delta{{Text: "two "}, {Text: "words"}, {Reasoning: "hm"}}
	if diff := cmp.Diff(want, deltas); diff != "" {
		t.Errorf("deltas (-want +got):\n%s", diff)
	}
}

func TestServer(t *testing.T) {
	srv := agenttest.Server(t,
		agenttest.Text("hello world"),
		agenttest.Status{Code: 429, Header: map[string]string{"Retry-After": "2"}, Body: "{}"},
		func(w http.ResponseWriter, r agenttest.ServerRequest) { agenttest.WriteRaw(w, "model "+r.Model) },
	)
	post := func(path string) (int, http.Header, string) {
		t.Helper()
		resp, err := http.Post(srv.URL+path, "application/json", strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"hi"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(body)
	}
	if code, _, body := post("/models"); code != 400 || len(srv.Requests()) != 0 {
		t.Errorf("another path: %d %s", code, body)
	}
	if code, h, body := post("/chat/completions"); code != 200 || h.Get("Content-Type") != "text/event-stream" ||
		!strings.Contains(body, `"content":"hello "`) || !strings.Contains(body, `"finish_reason":"stop"`) || !strings.HasSuffix(body, "data: [DONE]\n\n") {
		t.Errorf("%d %v %s", code, h, body)
	}
	if code, h, _ := post("/chat/completions"); code != 429 || h.Get("Retry-After") != "2" {
		t.Errorf("%d %v", code, h)
	}
	if _, _, body := post("/chat/completions"); body != "model m" {
		t.Errorf("%q", body)
	}
	if code, _, body := post("/chat/completions"); code != 400 || !strings.Contains(body, "request 4") {
		t.Errorf("beyond the end: %d %s", code, body)
	}
	if got := srv.Requests(); len(got) != 4 || *got[0].Messages[0].Content != "hi" {
		t.Errorf("requests %+v", got)
	}
}

func TestRecorder(t *testing.T) {
	var r agenttest.Recorder
	go func() {
		for _, e := range []event.Event{
			{Kind: event.KindTurnStarted},
			{Kind: event.KindTextDelta, Delta: "a"},
			{Kind: event.KindTextDelta, Delta: "b"},
			{Kind: event.KindMessage, Text: "ab"},
			{Kind: event.KindTurnFinished, Status: event.StatusCompleted},
		} {
			r.Event(t.Context(), e)
		}
	}()
	if e := r.WaitKind(t, event.KindTurnFinished); e.Status != event.StatusCompleted {
		t.Errorf("event %+v", e)
	}
	if e := r.WaitKind(t, event.KindMessage); e.Text != "ab" { // it came already
		t.Errorf("event %+v", e)
	}
	want := []event.Kind{event.KindTurnStarted, event.KindTextDelta, event.KindMessage, event.KindTurnFinished}
	if diff := cmp.Diff(want, r.Kinds()); diff != "" || r.Text(event.KindTextDelta) != "ab" {
		t.Errorf("text %q, kinds (-want +got):\n%s", r.Text(event.KindTextDelta), diff)
	}
	if d, err := r.RequestApproval(t.Context(), event.Approval{Title: "x"}); err != nil || d.Decision != "deny" || len(r.Approvals()) != 1 {
		t.Errorf("decision %+v, %v", d, err)
	}
	if _, ok, err := r.AskUser(t.Context(), event.Question{Question: "y"}); ok || err != nil || len(r.Questions()) != 1 {
		t.Errorf("asked: %v, %v", ok, err)
	}
}
