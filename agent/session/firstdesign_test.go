package session_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// TestFirstDesignResumes resumes a session of the first journal format: two whole
// turns, one of which failed, a rule, a setting, and a server that was killed
// while it asked about the second of three calls. The model gets the same
// messages as from that server.
func TestFirstDesignResumes(t *testing.T) {
	text, err := os.ReadFile("testdata/first-design.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ SessionID string }
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if err := json.Unmarshal(line, &header); err != nil {
		t.Fatal(err)
	}
	d := &killedServer{store: agenttest.NewStore(t)}
	dir := d.store.Dir(header.SessionID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	rec := &agenttest.Recorder{Decide: allowAll}
	model := agenttest.Script(agenttest.Text("All done."))
	s := d.server(t, model, rec)
	resume(t, s, header.SessionID)
	respond(t, s, event.DecisionAllow)
	rec.WaitKind(t, event.KindTurnFinished)
	if n := len(rec.Approvals()); n != 0 {
		t.Errorf("asked %d times: the rule for the third call is lost", n)
	}
	requests := model.Requests()
	if len(requests) != 1 || requests[0].Model != "other" {
		t.Fatalf("%d requests, the first for the model %q", len(requests), requests[0].Model)
	}
	want, err := os.ReadFile("testdata/first-design.messages.json")
	if err != nil {
		t.Fatal(err)
	}
	var messages []event.Message
	if err := json.Unmarshal(want, &messages); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(messages, requests[0].Messages[1:]); diff != "" {
		t.Errorf("messages (-first design +now):\n%s", diff)
	}
}
