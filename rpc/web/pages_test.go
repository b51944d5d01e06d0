package web

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/pygent/pygent/agent/event"
)

// join opens a page that can be asked.
func (s *served) join(t *testing.T) *websocket.Conn {
	t.Helper()
	ws := s.talkTo(t, protocolName, tokenPrefix+s.token)
	if m := say(t, ws, hello); m["result"] == nil {
		t.Fatalf("initialize: %v", m)
	}
	return ws
}

// asked is the outcome of a question.
type asked struct {
	decision event.Decision
	err      error
}

func (s *served) ask(ctx context.Context) <-chan asked {
	done := make(chan asked, 1)
	go func() {
		d, err := s.pages.RequestApproval(ctx, event.Approval{RequestKey: "k", Title: "Deploy", Options: []event.Choice{"allow"}})
		done <- asked{d, err}
	}()
	return done
}

// answer waits for the question and answers it.
func answer(t *testing.T, ws *websocket.Conn, decision string) {
	t.Helper()
	q := next(t, ws)
	if q["method"] != "agent/requestApproval" {
		t.Fatalf("got %v", q)
	}
	reply, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": q["id"], "result": map[string]any{"decision": decision}})
	if err := ws.Write(t.Context(), websocket.MessageText, reply); err != nil {
		t.Fatal(err)
	}
}

func TestFirstAnswerCounts(t *testing.T) {
	s := start(t, bounds{})
	one, two := s.join(t), s.join(t)
	done := s.ask(t.Context())
	if q := next(t, one); q["method"] != "agent/requestApproval" {
		t.Fatalf("got %v", q)
	}
	answer(t, two, "allowForSession")
	if got := <-done; got.decision.Decision != event.DecisionAllowForSession || got.err != nil {
		t.Errorf("decision %+v", got)
	}
	if m := next(t, one); m["method"] != "$/cancelRequest" {
		t.Errorf("the other page got %v", m)
	}
}

func TestQuestionSurvivesReload(t *testing.T) {
	s := start(t, bounds{})
	one := s.join(t)
	done := s.ask(t.Context())
	next(t, one)
	_ = one.CloseNow()
	answer(t, s.join(t), "allow")
	if got := <-done; got.decision.Decision != event.DecisionAllow || got.err != nil {
		t.Errorf("decision %+v", got)
	}
}

func TestNobodyToAsk(t *testing.T) {
	b := defaults()
	b.idle = 50 * time.Millisecond // also the patience
	s := start(t, b)
	got := <-s.ask(t.Context())
	if got.decision.Decision != event.DecisionDeny || got.err != nil || !strings.Contains(got.decision.Feedback, "no page") {
		t.Errorf("decision %+v", got)
	}
	if _, ok, err := s.pages.AskUser(t.Context(), event.Question{RequestKey: "q"}); ok || err != nil {
		t.Errorf("asked: %v, %v", ok, err)
	}
	mute := s.talkTo(t, protocolName, tokenPrefix+s.token)
	say(t, mute, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`)
	if got := <-s.ask(t.Context()); got.decision.Decision != event.DecisionDeny {
		t.Errorf("a page that cannot be asked: %+v", got)
	}
}

func TestWithdrawnQuestion(t *testing.T) {
	s := start(t, bounds{})
	one := s.join(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	done := s.ask(ctx)
	next(t, one)
	why := errors.New("the turn was stopped")
	cancel(why)
	if got := <-done; !errors.Is(got.err, why) {
		t.Errorf("got %+v", got)
	}
	if m := next(t, one); m["method"] != "$/cancelRequest" {
		t.Errorf("the page got %v", m)
	}
}

func TestEventsReachEveryPage(t *testing.T) {
	s := start(t, bounds{})
	one, two := s.join(t), s.join(t)
	text := strings.Repeat("long ", 100_000) // more than one write
	for seq := range int64(3) {
		s.pages.Event(t.Context(), event.Event{SessionID: "s", Seq: seq + 1, Kind: event.KindMessage, Text: text})
	}
	for _, ws := range []*websocket.Conn{one, two} {
		for seq := range 3 {
			p, _ := next(t, ws)["params"].(map[string]any)
			if p["seq"] != float64(seq+1) || p["text"] != text {
				t.Fatalf("event %d: seq %v, %d bytes", seq+1, p["seq"], len(p["text"].(string)))
			}
		}
	}
}

func TestPageThatDoesNotReadIsGivenUp(t *testing.T) {
	b := defaults()
	b.write = time.Second
	s := start(t, b)
	s.join(t) // it reads nothing more
	text := strings.Repeat("x", 1<<20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for seq := range int64(64) {
			s.pages.Event(context.Background(), event.Event{SessionID: "s", Seq: seq + 1, Kind: event.KindMessage, Text: text})
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the agent still waits for the page")
	}
}
