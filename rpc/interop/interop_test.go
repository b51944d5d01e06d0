//go:build linux

// Package interop tests the program with third-party clients: libraries and editors that
// speak JSON-RPC. Each has the same conversation with the built program, whose model is
// scripted, and reports what it saw.
//
// The clients' code is in testdata. Package interop uses only the program's command line
// and the protocol.
package interop

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// report is what a client saw. Each client prints one, as JSON.
type report struct {
	Server    string    // the server's name, in the answer to initialize
	Events    [2]string // kinds of the first and last event of the prompt "greet"; all events come before its answer
	Text      string    // its text, joined from the deltas
	Status    string    // of its answer
	Cancelled string    // status of the prompt "hang", which is cancelled while its command runs
	Question  string    // the question of the prompt "ask"
	Answered  string    // the agent's text after the answer "blue"
	Task      string    // state of a task after tasks/wait
	Malformed int       // error code of the answer to malformed input
	Exit      int       // code of the server after shutdown and exit
}

func wantReport() report {
	return report{
		Server:    "pygent",
		Events:    [2]string{"turnStarted", "turnFinished"},
		Text:      greeting,
		Status:    "completed",
		Cancelled: "cancelled",
		Question:  "Which colour?",
		Answered:  "It is blue.",
		Task:      "finished",
		Malformed: -32700,
	}
}

// TestClients builds the program once and lets each client talk to it.
func TestClients(t *testing.T) {
	program := filepath.Join(t.TempDir(), "pygent")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", program, "../../cmd/pygent").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for name, client := range clients() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, program)
			client(t, p)
			p.nothingLeft(t)
		})
	}
}

// converse runs the client's command, which has the conversation, and checks its report.
func (p *place) converse(t *testing.T, want report, name string, args ...string) {
	t.Helper()
	cmd := p.command(t, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout.Bytes(), stderr.Bytes())
	}
	var got report
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("%v in %q\n%s", err, stdout.Bytes(), stderr.Bytes())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the client saw (-want +got):\n%s\n%s", diff, stderr.Bytes())
	}
}
