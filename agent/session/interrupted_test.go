package session_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
)

// journalOf runs turns in a session s_1 and returns the lines of its journal,
// which is closed.
func journalOf(t *testing.T, store *journal.Store, turns int, script ...any) (file string, lines [][]byte) {
	t.Helper()
	j, err := store.Create(journal.Header{SessionID: "s_1"})
	if err != nil {
		t.Fatal(err)
	}
	a := agenttest.NewAgent(t, agenttest.Script(script...), agent.Options{SessionID: "s_1", Journal: j})
	for range turns {
		a.Run(t.Context(), "go", agent.Turn{})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(store.Dir("s_1"), "journal.jsonl")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines = bytes.SplitAfter(data, []byte("\n"))
	return file, lines[:len(lines)-1]
}

// TestWhereverTheServerEnds cuts a journal after each of its lines, and damages
// each: the restored conversation can always be sent and continued.
func TestWhereverTheServerEnds(t *testing.T) {
	store := agenttest.NewStore(t)
	two := agenttest.Calls("Both.", agenttest.Call("a", "bash", map[string]any{"cmd": "ok"}), agenttest.Call("b", "echo", `{"text":"x"}`))
	file, lines := journalOf(t, store, 2, two, agenttest.Bash("c", "ok"), agenttest.Text("Done."), agenttest.Bash("d", "ok"), agenttest.Text("Again."))
	write := func(lines [][]byte) {
		t.Helper()
		if err := os.WriteFile(file, bytes.Join(lines, nil), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n < len(lines); n++ {
		write(lines[:n])
		cut := rebuilt(t, store, "s_1")
		agenttest.CheckHistory(t, cut)
		if said := bytes.Contains(lines[n-1], []byte(`"Both."`)); said && len(agenttest.Results(cut)) != 2 {
			t.Errorf("the calls that had not begun are lost: %+v", cut)
		}
		continueSession(t, store)
		checkCalls(t, store)
		damaged := append([][]byte{}, lines...)
		damaged[n] = []byte("{\"half\":\n")
		write(damaged)
		agenttest.CheckHistory(t, rebuilt(t, store, "s_1"))
		continueSession(t, store)
		if t.Failed() {
			t.Fatalf("line %d: %s", n+1, lines[n])
		}
	}
}

// continueSession runs a further turn on the rest of the session, and compares
// the conversation that the model gets with the one that is restored afterwards.
func continueSession(t *testing.T, store *journal.Store) {
	t.Helper()
	j, err := store.Open("s_1")
	if err != nil {
		t.Fatal(err)
	}
	a := agenttest.NewAgent(t, agenttest.Script(agenttest.Text("On.")), agent.Options{SessionID: "s_1", Journal: j})
	if err := a.Restore(); err != nil {
		t.Fatal(err)
	}
	if out := a.Run(t.Context(), "on", agent.Turn{}); out.Status != event.StatusCompleted {
		t.Errorf("%+v", out)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	agenttest.CheckHistory(t, a.History())
	if diff := cmp.Diff(a.History(), rebuilt(t, store, "s_1"), agenttest.CmpEmpty); diff != "" {
		t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
	}
}

// checkCalls fails unless each call in the journal of s_1 has begun and ended once.
func checkCalls(t *testing.T, store *journal.Store) {
	t.Helper()
	s, _ := sessions(t, nil, func(o *session.Options) { o.Store = store })
	page, err := s.SessionEvents(t.Context(), session.SessionEventsParams{SessionID: "s_1", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]string{}
	for _, e := range page.Events {
		for _, c := range e.Calls {
			calls[c.CallID] += ""
		}
		switch e.Kind {
		case event.KindToolStarted:
			calls[e.CallID] += "begun "
		case event.KindToolFinished:
			calls[e.CallID] += "ended "
		}
	}
	for id, got := range calls {
		if got != "begun ended " {
			t.Errorf("call %s: %s", id, got)
		}
	}
}

func TestDamagedEventsAreNotices(t *testing.T) {
	store := agenttest.NewStore(t)
	file, lines := journalOf(t, store, 1, agenttest.Text("Done."))
	lines[2] = []byte("garbage\x00\n")
	if err := os.WriteFile(file, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := sessions(t, nil, func(o *session.Options) { o.Store = store })
	page, err := s.SessionEvents(t.Context(), session.SessionEventsParams{SessionID: "s_1"})
	if err != nil || len(page.Events) != len(lines)-1 {
		t.Fatalf("%d events, %v", len(page.Events), err)
	}
	for i, e := range page.Events {
		if e.Seq != int64(i)+1 || e.SessionID != "s_1" || (e.Seq == 2) != (e.Kind == event.KindNotice) {
			t.Errorf("event %d: %+v", i+1, e)
		}
	}
}
