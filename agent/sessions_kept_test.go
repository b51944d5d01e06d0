package agent_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// keptSessions are sessions of one server on a store.
func keptSessions(t *testing.T, store *journal.Store, model agent.Model) (*agent.Sessions, *agenttest.Recorder) {
	t.Helper()
	var rec *agenttest.Recorder
	s, rec := sessions(t, model, func(o *agent.SessionsOptions) {
		o.Store = store
		o.New = func(_ context.Context, spec agent.Spec) (*agent.Agent, error) {
			return newAgent(t, model, agent.Options{
				SessionID: spec.SessionID, ModelName: spec.Model, SystemPrompt: spec.SystemPrompt, Disabled: spec.DisabledTools, Client: rec,
			}), nil
		}
	})
	return s, rec
}

func step(t *testing.T, s *agent.Sessions, id, prompt string) agent.StepResult {
	t.Helper()
	res, err := s.Step(t.Context(), agent.StepParams{SessionID: id, Prompt: prompt})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// said are the prompts and answers of a request.
func said(r agent.Request) []string {
	var list []string
	for _, m := range r.Messages[1:] {
		list = append(list, m.Content)
	}
	return list
}

func TestSessionGoesOnInAnotherServer(t *testing.T) {
	store := newStore(t)
	first, _ := keptSessions(t, store, agenttest.Script(agenttest.Text("one")))
	made, err := first.NewSession(t.Context(), agent.NewSessionParams{Model: "large", SystemPrompt: "Be brief.", DisabledTools: []string{"echo"}})
	if err != nil {
		t.Fatal(err)
	}
	step(t, first, made.SessionID, "1?")
	if _, err := first.ConfigureSession(t.Context(), agent.ConfigureParams{SessionID: made.SessionID, DisabledTools: []string{"echo", "stop"}}); err != nil {
		t.Fatal(err)
	}

	model := agenttest.Script(agenttest.Text("two"))
	second, rec := keptSessions(t, store, model)
	open := agent.OpenSessionParams{SessionID: made.SessionID}
	if _, err := second.ResumeSession(t.Context(), open); !errors.Is(err, journal.ErrInUse) {
		t.Fatalf("a second server resumed it: %v", err)
	}
	if _, err := second.DeleteSession(t.Context(), open); !errors.Is(err, journal.ErrInUse) {
		t.Fatalf("a second server deleted it: %v", err)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var closed *agent.NotOpenError
	if _, err := second.Step(t.Context(), agent.StepParams{SessionID: made.SessionID, Prompt: "2?"}); !errors.As(err, &closed) || !errors.Is(err, agent.ErrSessionNotFound) {
		t.Errorf("a step before resume: %v", err)
	}
	for range 2 { // the second is an open one
		if res, err := second.ResumeSession(t.Context(), open); err != nil || res.State != agent.StateIdle || res.LastSeq != 6 {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	step(t, second, made.SessionID, "2?")
	req := model.Requests()[0]
	if diff := cmp.Diff([]string{"1?", "one", "2?"}, said(req)); diff != "" {
		t.Error(diff)
	}
	if req.Messages[0].Content != "Be brief." || req.Model != "large" {
		t.Errorf("system %q, model %q", req.Messages[0].Content, req.Model)
	}
	for _, tool := range req.Tools {
		if tool.Name == "echo" || tool.Name == "stop" {
			t.Errorf("%s is there", tool.Name)
		}
	}
	if events := rec.Events(); events[0].Seq != 7 {
		t.Errorf("the numbers go on with %d", events[0].Seq)
	}
}

func TestRewindAndBack(t *testing.T) {
	store := newStore(t)
	model := agenttest.Script(agenttest.Text("a"), agenttest.Text("b"), agenttest.Text("c"), agenttest.Text("d"), agenttest.Text("e"))
	s, _ := keptSessions(t, store, model)
	made, err := s.NewSession(t.Context(), agent.NewSessionParams{})
	if err != nil {
		t.Fatal(err)
	}
	id, no := made.SessionID, false
	step(t, s, id, "1")
	second := step(t, s, id, "2")
	if _, err := s.RewindSession(t.Context(), agent.RewindParams{SessionID: id, TurnID: second.TurnID}); err == nil || !strings.Contains(err.Error(), "files") {
		t.Errorf("files were left alone in silence: %v", err)
	}
	rewind := func(to string) string {
		t.Helper()
		res, err := s.RewindSession(t.Context(), agent.RewindParams{SessionID: id, TurnID: to, Files: &no})
		if err != nil || res.TurnID == "" || res.Applied == nil || res.Conflicts == nil {
			t.Fatalf("%+v, %v", res, err)
		}
		return res.TurnID
	}
	want := func(n int, list ...string) {
		t.Helper()
		if diff := cmp.Diff(list, said(model.Requests()[n])); diff != "" {
			t.Errorf("request %d:\n%s", n, diff)
		}
	}
	back := rewind(second.TurnID)
	step(t, s, id, "3")
	want(2, "1", "a", "3")
	rewind(back)
	step(t, s, id, "4")
	want(3, "1", "a", "2", "b", "4")
	if _, err := s.RewindSession(t.Context(), agent.RewindParams{SessionID: id, TurnID: "t_no", Files: &no}); err == nil {
		t.Error("rewound to a turn that is not there")
	}

	// Another server knows of all that.
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, _ = keptSessions(t, store, model)
	if _, err := s.ResumeSession(t.Context(), agent.OpenSessionParams{SessionID: id}); err != nil {
		t.Fatal(err)
	}
	rewind(second.TurnID)
	step(t, s, id, "5")
	want(4, "1", "a", "5")
}

func TestSteer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s, rec := sessions(t, g, nil)
		steer := func(prompt string) agent.StepResult {
			t.Helper()
			res, err := s.Step(t.Context(), agent.StepParams{Prompt: prompt, IfBusy: "steer", Wait: dontWait})
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		first := steer("one") // nothing runs yet
		if first.Status != agent.StatusAccepted {
			t.Fatalf("%+v", first)
		}
		synctest.Wait()
		for i := range 16 { // the model's last round: they make it go on
			if res := steer(fmt.Sprint(i)); res.Status != agent.StatusSteered || res.TurnID != first.TurnID {
				t.Fatalf("%+v", res)
			}
		}
		if _, err := s.Step(t.Context(), agent.StepParams{Prompt: "more", IfBusy: "steer"}); !errors.Is(err, agent.ErrBusy) {
			t.Errorf("error %v", err)
		}
		g.open <- struct{}{}
		synctest.Wait()
		if len(rec.Events(agent.KindTurnFinished)) != 0 {
			t.Error("the turn ended with prompts in its mailbox")
		}
		steer("last")
		if res, err := s.Interrupt(t.Context(), agent.InterruptParams{}); err != nil || !res.Interrupted {
			t.Fatal(res, err)
		}
		synctest.Wait()
		var got []string
		for _, e := range rec.Events(agent.KindMessage) {
			got = append(got, e.Text)
		}
		want := []string{"one", "answer to one", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "last"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		g.open <- struct{}{}
		if res := step(t, s, "", "next"); res.Status != agent.StatusCompleted || res.TurnID == first.TurnID {
			t.Errorf("%+v", res)
		}
		checkEvents(t, rec.Events())
	})
}

func TestListOfSessions(t *testing.T) {
	store := newStore(t)
	s, _ := keptSessions(t, store, agenttest.Script(agenttest.Text("a"), call("", "ask_user", map[string]any{"prompt": "Which?"}), agenttest.Text("c"), agenttest.Text("d")))
	var ids []string
	for i := range 6 { // the fifth delegates, in the last nothing happens
		made, err := s.NewSession(t.Context(), agent.NewSessionParams{})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.SessionID)
		if i < 4 {
			step(t, s, made.SessionID, strings.Repeat("ü", 100)+"\x1b\nsecond line")
		}
	}
	delegated, err := store.Create(journal.Header{SessionID: "s_delegated", ParentSessionID: ids[4], TaskID: "task_1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := delegated.Close(); err != nil {
		t.Fatal(err)
	}
	var got []agent.SessionBrief
	for cursor := ""; ; {
		page, err := s.ListSessions(t.Context(), agent.ListSessionsParams{Limit: 2, Cursor: cursor})
		if err != nil || len(page.Sessions) > 2 {
			t.Fatal(page, err)
		}
		got = append(got, page.Sessions...)
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	states := map[string]string{}
	for _, b := range got {
		states[b.SessionID] = b.State
		if b.State == agent.StateWaiting && b.Title != strings.Repeat("ü", 79)+"…" {
			t.Errorf("title %q", b.Title)
		}
	}
	want := map[string]string{ids[0]: "idle", ids[1]: "waiting", ids[2]: "idle", ids[3]: "idle", ids[4]: "idle"}
	if diff := cmp.Diff(want, states); diff != "" || len(got) != 5 {
		t.Errorf("%d sessions\n%s", len(got), diff)
	}
	if _, err := s.ListSessions(t.Context(), agent.ListSessionsParams{Root: "file:///x"}); err == nil {
		t.Error("a root where none can be given")
	}
	if _, err := s.ListSessions(t.Context(), agent.ListSessionsParams{Cursor: "no"}); err == nil {
		t.Error("a cursor that is none")
	}
	// Half a header is a session that nobody was told of.
	if err := os.WriteFile(filepath.Join(store.Dir(ids[4]), "journal.jsonl"), []byte(`{"sch`), 0o600); err != nil {
		t.Fatal(err)
	}
	if page, err := s.ListSessions(t.Context(), agent.ListSessionsParams{}); err != nil || len(page.Sessions) != 4 {
		t.Errorf("%d, %v", len(page.Sessions), err)
	}
}

func TestListOfAWorkspacesSessions(t *testing.T) {
	model := agenttest.Script(agenttest.Text("a"), agenttest.Text("b"))
	s, _ := sessions(t, model, func(o *agent.SessionsOptions) {
		o.Store = newStore(t)
		o.PathOfURI = func(uri string) (string, error) {
			path, ok := strings.CutPrefix(uri, "file://")
			if !ok {
				return "", &runtime.InvalidError{Field: "root", Reason: "is no file"}
			}
			return path, nil
		}
		o.New = func(_ context.Context, spec agent.Spec) (*agent.Agent, error) {
			return newAgent(t, model, agent.Options{SessionID: spec.SessionID}), nil
		}
	})
	var made []agent.NewSessionResult
	for range 2 { // each with a workspace of its own
		res, err := s.NewSession(t.Context(), agent.NewSessionParams{})
		if err != nil {
			t.Fatal(err)
		}
		step(t, s, res.SessionID, "hello")
		made = append(made, res)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(made[1].Root, link); err != nil {
		t.Fatal(err)
	}
	for root, want := range map[string][]string{
		made[0].Root:            {made[0].SessionID},
		link + "/":              {made[1].SessionID},
		filepath.Dir(link):      nil,
		link + "/not/there/yet": nil,
	} {
		page, err := s.ListSessions(t.Context(), agent.ListSessionsParams{Root: "file://" + root})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range page.Sessions {
			got = append(got, b.SessionID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", root, diff)
		}
	}
	if _, err := s.ListSessions(t.Context(), agent.ListSessionsParams{Root: "http://x"}); err == nil {
		t.Error("a root that is no file")
	}
}

func TestWithoutAPlaceToKeepSessions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, rec := keptSessions(t, journal.NewStore(filepath.Join(file, "sessions")), agenttest.Script(agenttest.Text("a"), agenttest.Text("b")))
	res := step(t, s, "", "1")
	step(t, s, "", "2")
	notices := rec.Events(agent.KindNotice)
	if len(notices) != 1 || notices[0].Level != "warning" || !strings.Contains(notices[0].Text, "not kept") {
		t.Errorf("notices %+v", notices)
	}
	if _, err := s.SessionEvents(t.Context(), agent.SessionEventsParams{SessionID: res.SessionID}); !errors.Is(err, agent.ErrNotKept) {
		t.Errorf("events: %v", err)
	}
	if _, err := s.DeleteSession(t.Context(), agent.OpenSessionParams{SessionID: res.SessionID}); err != nil {
		t.Error(err)
	}
	checkEvents(t, rec.Events())
}
