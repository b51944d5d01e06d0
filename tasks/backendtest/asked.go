package backendtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tasks"
)

// Asked makes in store the session of a task whose server was killed while the
// task's agent waited for approval of the command "ok", and returns that
// approval.
func Asked(t testing.TB, store *journal.Store, a tasks.Assignment) event.Approval {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := filepath.Join(store.Dir(a.SessionID), "journal.jsonl")
	var kept []byte
	user := &agenttest.Recorder{Decide: func(context.Context, event.Approval) (_ event.Decision, err error) {
		kept, err = os.ReadFile(file)
		cancel()
		return event.Decision{}, errors.Join(err, context.Canceled)
	}}
	sessions := session.NewManager(ctx, session.Options{Store: store})
	_, unkept := sessions.RunDelegated(ctx, session.Delegated{
		SessionID: a.SessionID, TaskID: a.TaskID, ParentSessionID: a.ParentSessionID, Name: a.Name, Task: a.Task, Prompt: a.Task,
		Turn: agent.Turn{Limits: a.Limits}, Timeout: a.Timeout(),
		New: func(session.Spec) *agent.Agent {
			return agenttest.NewAgent(t, agenttest.Script(agenttest.Bash("c", "ok")), agent.Options{
				SessionID: a.SessionID, TaskID: a.TaskID, ParentID: a.ParentSessionID, Client: user,
				Permissions: agenttest.Asks, StepTimeout: event.Duration(a.StepTimeoutSeconds),
			})
		},
	})
	asked := user.Approvals()
	if len(asked) != 1 || unkept != nil {
		t.Fatalf("session %s asked %+v, %v", a.SessionID, asked, unkept)
	}
	// Cut off what the end of the turn has written since, as a kill would.
	if err := os.WriteFile(file, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	return asked[0]
}
