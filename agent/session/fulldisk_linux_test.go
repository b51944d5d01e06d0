package session_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tools"
)

// TestFullDiskEndsTheTurn fills the session's disk, by a tool and by the last
// message of a turn. The turn fails and gives the reason, no tool runs whose
// event cannot be recorded, no further turn begins, and when there is space again
// the journal gets everything.
func TestFullDiskEndsTheTurn(t *testing.T) {
	for _, at := range []string{"in a tool", "at the end"} {
		t.Run(at, func(t *testing.T) { fullDisk(t, at == "in a tool") })
	}
}

func fullDisk(t *testing.T, inTool bool) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("mount a small disk:", err)
		}
		t.Skip("no right to mount a small disk:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	full := func() { // the write fails half-way, which fills the disk
		_ = os.WriteFile(ballast, make([]byte, 128<<10), 0o600)
	}
	fill := tools.New("fill", "Fill the disk.", func(context.Context, tools.Env, struct{}) (tools.Result, error) {
		full()
		return tools.Text("%s", strings.Repeat("x", 5000)), nil
	})
	ran := false
	script := []any{agenttest.Calls("", agenttest.Call("a", "fill", "{}"), agenttest.Call("b", "mark", "{}")), agenttest.Text("never")}
	if !inTool {
		script = []any{func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			return agenttest.Text(strings.Repeat("y", 5000)), nil
		}}
	}
	store := journal.NewStore(filepath.Join(dir, "sessions"))
	rec := &agenttest.Recorder{OnEvent: func(_ context.Context, e event.Event) {
		if !inTool && e.Kind == event.KindUsage && e.Seq < 5 { // of the first turn
			full()
		}
	}}
	model := agenttest.Script(append(script, agenttest.Text("Again."))...)
	s, _ := sessions(t, nil, func(o *session.Options) {
		o.Store = store
		o.New = func(_ context.Context, spec session.Spec) (*agent.Agent, error) {
			return agenttest.NewAgent(t, model, agent.Options{SessionID: spec.SessionID, Client: rec}, fill, agenttest.Marking("mark", &ran)), nil
		}
	})
	res := step(t, s, "", "go")
	if res.Status != event.StatusFailed || res.Error == nil || !strings.Contains(res.Error.Message, "no space left") {
		t.Errorf("%+v", res)
	}
	if ran {
		t.Error("a tool ran of which nobody could be told")
	}
	if _, err := s.Step(t.Context(), session.StepParams{Prompt: "next"}); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a turn began on a full disk: %v", err)
	}
	page, err := s.SessionEvents(t.Context(), session.SessionEventsParams{SessionID: res.SessionID})
	if err != nil || int(page.LastSeq) != len(page.Events) || page.Events[len(page.Events)-1].Kind != event.KindTurnFinished {
		t.Errorf("%+v, %v", page, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if inTool {
		_, _ = model.Chat(t.Context(), agent.Request{}, func(agent.Delta) {}) // the unused entry
	}
	if res := step(t, s, "", "next"); res.Status != event.StatusCompleted {
		t.Errorf("%+v", res)
	}
	requests := model.Requests()
	live := append(requests[len(requests)-1].Messages, event.Message{Role: event.RoleAssistant, Content: "Again."})
	agenttest.CheckHistory(t, live)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(live, rebuilt(t, store, res.SessionID), agenttest.CmpEmpty); diff != "" {
		t.Errorf("rebuilt (-live +rebuilt):\n%s", diff)
	}
	agenttest.CheckKept(t, store, res.SessionID, rec.Events())
	agenttest.CheckEvents(t, rec.Events())
}
