package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
)

// keptSessions makes the sessions of one server on a store.
func keptSessions(t *testing.T, store *journal.Store, model agent.Model) (*session.Manager, *agenttest.Recorder) {
	t.Helper()
	var rec *agenttest.Recorder
	s, rec := sessions(t, model, func(o *session.Options) {
		o.Store = store
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agenttest.NewAgent(t, model, agent.Options{
				SessionID: spec.SessionID, ModelName: spec.Model, SystemPrompt: spec.SystemPrompt, Disabled: spec.DisabledTools, Client: rec,
			}), nil
		}
	})
	return s, rec
}

func step(t *testing.T, s *session.Manager, id, prompt string) session.StepResult {
	t.Helper()
	res, err := s.Step(t.Context(), session.StepParams{SessionID: id, Prompt: prompt})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// said returns the prompts and answers of a request.
func said(r agent.Request) []string {
	var list []string
	for _, m := range r.Messages[1:] {
		list = append(list, m.Content)
	}
	return list
}

func TestSessionGoesOnInAnotherServer(t *testing.T) {
	store := agenttest.NewStore(t)
	first, _ := keptSessions(t, store, agenttest.Script(agenttest.Text("one")))
	made, err := first.NewSession(t.Context(), session.NewSessionParams{Model: "large", SystemPrompt: "Be brief.", DisabledTools: []string{"echo"}})
	if err != nil {
		t.Fatal(err)
	}
	step(t, first, made.SessionID, "1?")
	if _, err := first.ConfigureSession(t.Context(), session.ConfigureParams{SessionID: made.SessionID, DisabledTools: []string{"echo", "stop"}}); err != nil {
		t.Fatal(err)
	}

	model := agenttest.Script(agenttest.Text("two"))
	second, rec := keptSessions(t, store, model)
	open := session.OpenSessionParams{SessionID: made.SessionID}
	if _, _, err := second.Resume(t.Context(), open.SessionID); !errors.Is(err, journal.ErrInUse) {
		t.Fatalf("a second server resumed it: %v", err)
	}
	if err := second.Delete(t.Context(), open.SessionID); !errors.Is(err, journal.ErrInUse) {
		t.Fatalf("a second server deleted it: %v", err)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var closed *session.NotOpenError
	if _, err := second.Step(t.Context(), session.StepParams{SessionID: made.SessionID, Prompt: "2?"}); !errors.As(err, &closed) || !errors.Is(err, session.ErrSessionNotFound) {
		t.Errorf("a step before resume: %v", err)
	}
	for range 2 { // the second is an open one
		if res, _, err := second.Resume(t.Context(), open.SessionID); err != nil || res.State != event.SessionIdle || res.LastSeq != 6 {
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
	store := agenttest.NewStore(t)
	model := agenttest.Script(agenttest.Text("a"), agenttest.Text("b"), agenttest.Text("c"), agenttest.Text("d"), agenttest.Text("e"))
	s, _ := keptSessions(t, store, model)
	made, err := s.NewSession(t.Context(), session.NewSessionParams{})
	if err != nil {
		t.Fatal(err)
	}
	id, no := made.SessionID, false
	step(t, s, id, "1")
	second := step(t, s, id, "2")
	if _, err := s.RewindSession(t.Context(), session.RewindParams{SessionID: id, TurnID: second.TurnID}); err == nil || !strings.Contains(err.Error(), "files") {
		t.Errorf("files were left alone in silence: %v", err)
	}
	rewind := func(to string) string {
		t.Helper()
		res, err := s.RewindSession(t.Context(), session.RewindParams{SessionID: id, TurnID: to, Files: &no})
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
	if _, err := s.RewindSession(t.Context(), session.RewindParams{SessionID: id, TurnID: "t_no", Files: &no}); err == nil {
		t.Error("rewound to a turn that is not there")
	}

	// Another server restores all of it.
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, _ = keptSessions(t, store, model)
	if _, _, err := s.Resume(t.Context(), id); err != nil {
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
		steer := func(prompt string) session.StepResult {
			t.Helper()
			res, err := s.Step(t.Context(), session.StepParams{Prompt: prompt, IfBusy: "steer", Wait: dontWait})
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		first := steer("one") // nothing runs yet
		if first.Status != event.StatusAccepted {
			t.Fatalf("%+v", first)
		}
		synctest.Wait()
		for i := range 16 { // the model's last round: they continue the turn
			if res := steer(fmt.Sprint(i)); res.Status != event.StatusSteered || res.TurnID != first.TurnID {
				t.Fatalf("%+v", res)
			}
		}
		if _, err := s.Step(t.Context(), session.StepParams{Prompt: "more", IfBusy: "steer"}); !errors.Is(err, agent.ErrBusy) {
			t.Errorf("error %v", err)
		}
		g.open <- struct{}{}
		synctest.Wait()
		if len(rec.Events(event.KindTurnFinished)) != 0 {
			t.Error("the turn ended with prompts that wait")
		}
		steer("last")
		if _, interrupted, err := s.Interrupt(""); err != nil || !interrupted {
			t.Fatal(interrupted, err)
		}
		synctest.Wait()
		var got []string
		for _, e := range rec.Events(event.KindMessage) {
			got = append(got, e.Text)
		}
		want := []string{"one", "answer to one", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "last"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		g.open <- struct{}{}
		if res := step(t, s, "", "next"); res.Status != event.StatusCompleted || res.TurnID == first.TurnID {
			t.Errorf("%+v", res)
		}
		agenttest.CheckEvents(t, rec.Events())
	})
}

func TestListOfSessions(t *testing.T) {
	store := agenttest.NewStore(t)
	s, _ := keptSessions(t, store, agenttest.Script(agenttest.Text("a"), agenttest.Calling("", "ask_user", map[string]any{"prompt": "Which?"}), agenttest.Text("c"), agenttest.Text("d")))
	var ids []string
	for i := range 6 { // the fifth delegates, in the last nothing happens
		made, err := s.NewSession(t.Context(), session.NewSessionParams{})
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
	var got []session.SessionBrief
	for cursor := ""; ; {
		page, err := s.ListSessions(t.Context(), session.ListSessionsParams{Limit: 2, Cursor: cursor})
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
		states[b.SessionID] = string(b.State)
		if b.State == event.SessionWaiting && b.Title != strings.Repeat("ü", 79)+"…" {
			t.Errorf("title %q", b.Title)
		}
	}
	want := map[string]string{ids[0]: "idle", ids[1]: "waiting", ids[2]: "idle", ids[3]: "idle", ids[4]: "idle"}
	if diff := cmp.Diff(want, states); diff != "" || len(got) != 5 {
		t.Errorf("%d sessions\n%s", len(got), diff)
	}
	if _, err := s.ListSessions(t.Context(), session.ListSessionsParams{Root: "file:///x"}); err == nil {
		t.Error("a root where none can be given")
	}
	if _, err := s.ListSessions(t.Context(), session.ListSessionsParams{Cursor: "no"}); err == nil {
		t.Error("a cursor that is none")
	}
	// A session with half a header was not reported to anyone.
	if err := os.WriteFile(filepath.Join(store.Dir(ids[4]), "journal.jsonl"), []byte(`{"sch`), 0o600); err != nil {
		t.Fatal(err)
	}
	if page, err := s.ListSessions(t.Context(), session.ListSessionsParams{}); err != nil || len(page.Sessions) != 4 {
		t.Errorf("%d, %v", len(page.Sessions), err)
	}
}

func TestListOfAWorkspacesSessions(t *testing.T) {
	model := agenttest.Script(agenttest.Text("a"), agenttest.Text("b"))
	s, _ := sessions(t, model, func(o *session.Options) {
		o.Store = agenttest.NewStore(t)
		o.PathOfURI = func(uri string) (string, error) {
			path, ok := strings.CutPrefix(uri, "file://")
			if !ok {
				return "", &runtime.InvalidError{Field: "root", Reason: "is no file"}
			}
			return path, nil
		}
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agenttest.NewAgent(t, model, agent.Options{SessionID: spec.SessionID}), nil
		}
	})
	var made []session.NewSessionResult
	for range 2 { // each with a workspace of its own
		res, err := s.NewSession(t.Context(), session.NewSessionParams{})
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
		page, err := s.ListSessions(t.Context(), session.ListSessionsParams{Root: "file://" + root})
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
	if _, err := s.ListSessions(t.Context(), session.ListSessionsParams{Root: "http://x"}); err == nil {
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
	notices := rec.Events(event.KindNotice)
	if len(notices) != 1 || notices[0].Level != "warning" || !strings.Contains(notices[0].Text, "not kept") {
		t.Errorf("notices %+v", notices)
	}
	if _, err := s.SessionEvents(t.Context(), session.SessionEventsParams{SessionID: res.SessionID}); !errors.Is(err, session.ErrNotKept) {
		t.Errorf("events: %v", err)
	}
	if err := s.Delete(t.Context(), res.SessionID); err != nil {
		t.Error(err)
	}
	agenttest.CheckEvents(t, rec.Events())
}

// A resumed session has the settings of its journal before its first turn, too:
// they bound what it delegates.
func TestPermissionsAfterResume(t *testing.T) {
	store := agenttest.NewStore(t)
	keep := func(o *session.Options) { o.Store = store }
	first, _ := sessions(t, agenttest.Script(agenttest.Text("Done.")), keep)
	id := step(t, first, "", "go").SessionID
	if _, err := first.ConfigureSession(t.Context(), session.ConfigureParams{SessionID: id, Mode: event.ModePlan, DisabledTools: []string{"bash"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.CloseSession(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	second, _ := sessions(t, agenttest.Script(), keep)
	if _, _, err := second.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if got := second.Permissions(id).Mode; got != event.ModePlan {
		t.Errorf("mode %q", got)
	}
	if names, ok := second.Tools(id); !ok || slices.Contains(names, "bash") {
		t.Errorf("tools %q, %t", names, ok)
	}
}
