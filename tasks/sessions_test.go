package tasks_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/backendtest"
)

// pending returns the approvals that a session and its tasks wait for; "" is all.
func (f *fixture) pending(t testing.TB, sessionID string) (list []event.Approval) {
	t.Helper()
	res, err := f.PendingRequests(t.Context(), session.PendingRequestsParams{SessionID: sessionID})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range res.Requests {
		if r.Kind != "approval" || r.RequestKey != r.Approval.RequestKey || r.SessionID != r.Approval.SessionID {
			t.Errorf("%+v", r)
		}
		list = append(list, *r.Approval)
	}
	return list
}

func (f *fixture) respond(t testing.TB, key string, decision event.Choice) (session.RespondResult, error) {
	t.Helper()
	return f.Respond(t.Context(), session.RespondParams{RequestKey: key, Response: approval.Response{Decision: decision, Feedback: "not today"}})
}

// closed closes the session of the fixture, reopened resumes it.
func (f *fixture) closed(t testing.TB) {
	t.Helper()
	if _, err := f.CloseSession(t.Context(), session.OpenSessionParams{SessionID: f.session}); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) reopened(t testing.TB) {
	t.Helper()
	if _, err := f.ResumeSession(t.Context(), session.OpenSessionParams{SessionID: f.session}); err != nil {
		t.Fatal(err)
	}
}

// repeating is a model that repeats all that it got.
var repeating = agenttest.Func(func(_ context.Context, req agent.Request, _ func(agent.Delta)) (agent.Reply, error) {
	var told []string
	for _, m := range req.Messages {
		if m.Role == event.RoleUser || m.Role == event.RoleTool {
			told = append(told, m.Content)
		}
	}
	return agenttest.Text(strings.Join(told, "|")), nil
})

// The tasks of a resumed session ask again for the approvals that were open when
// their server was killed. The answer continues the task, whose agent is told
// that its workspace is new.
func TestTasksOfAResumedSessionAsk(t *testing.T) {
	f := withAgents(t, false, repeating, tasks.Options{})
	f.closed(t)
	var want []event.Approval
	for _, id := range []string{"allow", "deny"} {
		want = append(want, backendtest.Asked(t, f.store, tasks.Assignment{
			TaskID: "task_" + id, SessionID: "s_" + id, ParentSessionID: f.session, Name: id, Task: "do it",
			Limits: event.Limits{TimeoutSeconds: 60, Tokens: 1000},
		}))
	}
	if _, err := f.respond(t, want[0].RequestKey, event.DecisionAllow); !errors.Is(err, session.ErrNotPending) {
		t.Errorf("before the session is resumed: %v", err)
	}
	f.reopened(t)
	if diff := cmp.Diff(want, f.pending(t, f.session)); diff != "" {
		t.Errorf("pending (-asked +listed):\n%s", diff)
	}
	if got := f.pending(t, "s_deny"); len(got) != 1 || got[0].TaskID != "task_deny" {
		t.Errorf("of one task: %+v", got)
	}
	if got := f.pending(t, "s_other"); len(got) != 0 {
		t.Errorf("of another session: %+v", got)
	}
	list, _ := f.List(t.Context(), tasks.ListParams{State: tasks.StateInterrupted})
	if len(list.Tasks) != 2 || list.Tasks[0].Name != "allow" || !strings.HasPrefix(list.Tasks[0].Status, "interrupted while it asked for approval") {
		t.Errorf("%+v", list.Tasks)
	}
	if _, err := f.respond(t, want[0].RequestKey, "maybe"); !isInvalid("response.decision")(err) {
		t.Errorf("no decision: %v", err)
	}
	if _, err := f.respond(t, "a_other", event.DecisionAllow); !errors.Is(err, session.ErrNotPending) {
		t.Errorf("another key: %v", err)
	}
	for i, tt := range []struct {
		decision event.Choice
		want     []string
	}{
		{event.DecisionAllow, []string{"$ ok\nfine\n", "new, empty one"}},
		{event.DecisionDeny, []string{"not today", "new, empty one"}},
	} {
		if res, err := f.respond(t, want[i].RequestKey, tt.decision); err != nil || res.SessionID != want[i].SessionID || res.TurnID != "" {
			t.Errorf("%s: %+v, %v", tt.decision, res, err)
		}
		task := f.ended(t, want[i].TaskID)
		if task.State != tasks.StateFinished || slices.ContainsFunc(tt.want, func(s string) bool { return !strings.Contains(task.Text, s) }) {
			t.Errorf("%s: %+v", tt.decision, task)
		}
		if _, err := f.respond(t, want[i].RequestKey, tt.decision); !errors.Is(err, session.ErrNotPending) {
			t.Errorf("%s again: %v", tt.decision, err)
		}
	}
	if got := f.pending(t, ""); len(got) != 0 {
		t.Errorf("at the end: %+v", got)
	}
}

// A task's approval waits while the session that delegated it is closed.
func TestNothingIsAskedForAClosedSession(t *testing.T) {
	f := withAgents(t, false, repeating, tasks.Options{})
	f.Restore(f.session, f.asking(t, "task"))
	key := f.pending(t, "")[0].RequestKey
	f.closed(t)
	if got := f.pending(t, ""); len(got) != 0 {
		t.Errorf("pending: %+v", got)
	}
	if _, err := f.respond(t, key, event.DecisionAllow); !errors.Is(err, session.ErrNotPending) {
		t.Errorf("error %v", err)
	}
	f.reopened(t)
	if got := f.pending(t, f.session); len(got) != 1 || got[0].RequestKey != key {
		t.Errorf("pending after session/resume: %+v", got)
	}
	if _, err := f.respond(t, key, event.DecisionAllow); err != nil {
		t.Error(err)
	}
	if task := f.ended(t, "task"); task.State != tasks.StateFinished {
		t.Errorf("%+v", task)
	}
}

// Removing a task removes its session; deleting a session removes its tasks.
func TestRemovedSessionsOfTasks(t *testing.T) {
	f := withAgents(t, false, repeating, tasks.Options{})
	removed, left := f.run(t, tasks.StartParams{}), f.run(t, tasks.StartParams{})
	if !f.store.Exists(removed.SessionID) || !f.store.Exists(left.SessionID) {
		t.Fatal("the tasks' sessions are not kept")
	}
	if page, err := f.Output(t.Context(), tasks.TaskOutputParams{TaskID: left.TaskID}); err != nil || len(page.Events) == 0 {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := f.Remove(t.Context(), tasks.TaskParams{TaskID: removed.TaskID}); err != nil || f.store.Exists(removed.SessionID) {
		t.Errorf("remove: %v; kept: %v", err, f.store.Exists(removed.SessionID))
	}
	if _, err := f.DeleteSession(t.Context(), session.OpenSessionParams{SessionID: f.session}); err != nil {
		t.Fatal(err)
	}
	if f.store.Exists(f.session) || f.store.Exists(left.SessionID) || f.workspaces() != 0 {
		t.Errorf("left: session %v, its task's %v, %d workspaces", f.store.Exists(f.session), f.store.Exists(left.SessionID), f.workspaces())
	}
	if _, err := f.Status(t.Context(), tasks.TaskParams{TaskID: left.TaskID}); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// An approval that another server has closed since is not listed when the session
// is resumed again.
func TestClosedApprovalIsNotListedAgain(t *testing.T) {
	f := withAgents(t, false, repeating, tasks.Options{})
	left := tasks.Restored{
		TaskID: "task", SessionID: "s_task", Prompt: "go", Outcome: tasks.Outcome{State: tasks.StateInterrupted},
		Asked: &event.Approval{RequestKey: "a_1", SessionID: "s_task", TaskID: "task"},
	}
	f.Restore(f.session, []tasks.Restored{left})
	if got := f.pending(t, ""); len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	left.Asked, left.Outcome.State = nil, tasks.StateCancelled
	f.Restore(f.session, []tasks.Restored{left})
	if got := f.pending(t, ""); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if task, err := f.Status(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil || task.State != tasks.StateCancelled {
		t.Errorf("%+v, %v", task, err)
	}
}
