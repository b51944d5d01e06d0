//go:build unix

package session_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/snapshot"
)

// While the first scan is blocked, a turn without calls ends, and a turn whose
// call must wait for it says so and can be cancelled: the call has not run.
func TestTurnsAndTheFirstScan(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	state := ws.Beside("undo")
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	gate, err := os.Create(filepath.Join(state, "gate"))
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	if err := syscall.Flock(int(gate.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	a, rec := undoAgent(t, ws, snapshot.NewUndo(snapshot.UndoOptions{}),
		agenttest.Text("hello"),
		agenttest.Calls("", agenttest.Call("a", "mess", messIn{Write: map[string]string{"f": "x"}})))
	if out := a.Run(t.Context(), "chat", agent.Turn{}); out.Status != event.StatusCompleted {
		t.Fatalf("%+v", out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan agent.Outcome)
	go func() { ended <- a.Run(ctx, "work", agent.Turn{}) }()
	rec.WaitKind(t, event.KindNotice)
	cancel()
	if out := <-ended; out.Status != event.StatusCancelled {
		t.Errorf("%+v", out)
	}
	if got := agenttest.Results(a.History()); len(got) != 1 || got[0] != "[error] not run: cancelled" {
		t.Errorf("the call answered %q", got)
	}
	if _, err := os.Stat(filepath.Join(ws.Dir(), "f")); err == nil {
		t.Error("the call has run")
	}
	if err := syscall.Flock(int(gate.Fd()), syscall.LOCK_UN); err != nil {
		t.Fatal(err)
	}
}
