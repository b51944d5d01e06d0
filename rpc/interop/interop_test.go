//go:build linux

// Package interop tests the program with clients that were not written for it:
// libraries and editors that speak JSON-RPC. Each holds the same conversation
// with the built program, whose model is a script, and reports what it saw.
//
// The clients' sides are in testdata. Package interop knows the program by its
// command line and the protocol alone.
package interop

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// report is what a client saw. Each prints one, as JSON.
type report struct {
	Server    string    // the server's name, in the answer to initialize
	Events    [2]string // kinds of the first and last event of the prompt "greet", all of them before its answer
	Text      string    // its text, by the events' deltas
	Status    string    // of its answer
	Cancelled string    // status of the prompt "hang", cancelled when its command ran
	Question  string    // what the prompt "ask" asked the client
	Answered  string    // the agent's text after the answer "blue"
	Task      string    // state of a task that was started and waited for
	Malformed int       // code of the error that answers malformed input
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

// converse runs the client's command, which holds the conversation, and checks
// its report.
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
