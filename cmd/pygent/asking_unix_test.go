//go:build unix

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tasks"
)

// approval is a handler that waits until its question is cancelled.
func (d *delegating) approval(ctx context.Context, _ string, params json.RawMessage) (any, error) {
	var a event.Approval
	if err := json.Unmarshal(params, &a); err != nil {
		return nil, err
	}
	d.approvals <- a
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// newAsking starts a server whose session asks before commands. The model runs a command, and
// then repeats its result and all later messages. At the prompt "question" it asks the user
// first.
func newAsking(t *testing.T) (d *delegating, parent string) {
	run := func(w http.ResponseWriter, req agenttest.ServerRequest) {
		var said []string
		for _, m := range req.Messages[2:] {
			if m.Role == event.RoleTool || m.Role == event.RoleUser {
				said = append(said, *m.Content)
			}
		}
		if said == nil && *req.Messages[1].Content == "question" {
			agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("q", "ask_user", map[string]any{"prompt": "Which?"})))
			return
		}
		if said == nil {
			agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("c", "bash", map[string]any{"cmd": "echo it ran | tee made.txt"})))
			return
		}
		agenttest.WriteReply(w, agenttest.Text(strings.Join(said, "|")))
	}
	entries := make([]any, 20)
	for i := range entries {
		entries[i] = run
	}
	d = &delegating{T: t, dir: t.TempDir(), url: agenttest.Server(t, entries...).URL, approvals: make(chan event.Approval, 10)}
	d.serve()
	var s session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{Mode: event.ModeAsk}, &s)
	return d, s.SessionID
}

// asked waits for the question of a task.
func (d *delegating) asked(task string) event.Approval {
	d.Helper()
	select {
	case a := <-d.approvals:
		if a.TaskID != task {
			d.Fatalf("asked for %+v, want task %s", a, task)
		}
		return a
	case <-time.After(30 * time.Second):
		d.Fatal("nothing is asked")
		return event.Approval{}
	}
}

// pending returns the pending approvals of a session and its tasks, by their keys.
func (d *delegating) pending(parent string) map[string]event.Approval {
	d.Helper()
	var res session.PendingRequests
	d.ask("agent/pendingRequests", session.PendingRequestsParams{SessionID: parent}, &res)
	all := map[string]event.Approval{}
	for _, r := range res.Requests {
		all[r.RequestKey] = *r.Approval
	}
	return all
}

func decide(key string, decision event.Choice) session.RespondParams {
	return session.RespondParams{RequestKey: key, Response: approval.Response{Decision: decision, Feedback: "not today"}}
}

// The approval of a running task is listed with its session's, and another client can answer
// it.
func TestTaskApprovalIsListed(t *testing.T) {
	t.Parallel()
	d, parent := newAsking(t)
	task := d.start(parent, "go")
	a := d.asked(task)
	if diff := cmp.Diff(map[string]event.Approval{a.RequestKey: a}, d.pending(parent)); diff != "" {
		t.Errorf("pending (-asked +listed):\n%s", diff)
	}
	var other session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{Temporary: true}, &other)
	if got := d.pending(other.SessionID); len(got) > 0 {
		t.Errorf("another session asks %+v", got)
	}
	var res session.RespondResult
	d.ask("agent/respond", decide(a.RequestKey, event.DecisionAllow), &res)
	if res.SessionID != a.SessionID || res.TurnID != a.TurnID {
		t.Errorf("respond: %+v", res)
	}
	if got := d.status(task, tasks.StateFinished); got.Text != "$ echo it ran | tee made.txt\nit ran\n" {
		t.Errorf("task %+v", got)
	}
	d.end(false)
}

// A server is killed while tasks ask. The next server has their questions, and the tasks
// continue when these are answered. A message to a task, or its cancel, cancels its question.
func TestTaskApprovalsOutliveTheirServer(t *testing.T) {
	t.Setenv("PYGENT_MAX_TASKS", "5")
	d, parent := newAsking(t)
	keys, ids, open := map[string]string{}, map[string]string{}, map[string]event.Approval{}
	for _, name := range []string{"allow", "deny", "cancelTurn", "send", "cancel"} {
		ids[name] = d.start(parent, name)
		a := d.asked(ids[name])
		keys[name], open[a.RequestKey] = a.RequestKey, a
	}
	d.end(true)

	d.serve()
	d.refused(-31012, "not pending", "agent/respond", decide(keys["allow"], event.DecisionAllow))
	d.ask("session/resume", session.OpenSessionParams{SessionID: parent}, nil)
	if diff := cmp.Diff(open, d.pending(parent)); diff != "" {
		t.Errorf("pending (-asked +listed):\n%s", diff)
	}
	if diff := cmp.Diff(open, d.pending("")); diff != "" {
		t.Errorf("pending of all (-asked +listed):\n%s", diff)
	}
	var other session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{Temporary: true}, &other)
	if got := d.pending(other.SessionID); len(got) > 0 {
		t.Errorf("another session asks %+v", got)
	}
	denied := open[keys["deny"]]
	if diff := cmp.Diff(map[string]event.Approval{keys["deny"]: denied}, d.pending(denied.SessionID)); diff != "" {
		t.Errorf("pending of one task (-asked +listed):\n%s", diff)
	}
	for name, id := range ids {
		if task := d.status(id, tasks.StateInterrupted); !strings.Contains(task.Status, "agent/pendingRequests") {
			t.Errorf("%s: status %q", name, task.Status)
		}
	}
	d.refused(-32602, "response.decision", "agent/respond", decide(keys["allow"], "perhaps"))
	for _, name := range []string{"allow", "deny", "cancelTurn"} {
		var res session.RespondResult
		d.ask("agent/respond", decide(keys[name], event.Choice(name)), &res)
		if res.SessionID != open[keys[name]].SessionID {
			t.Errorf("%s: %+v", name, res)
		}
		d.refused(-31012, "not pending", "agent/respond", decide(keys[name], event.Choice(name)))
	}
	d.ask("tasks/send", tasks.SendParams{TaskID: ids["send"], Prompt: "never mind"}, nil)
	d.ask("tasks/cancel", tasks.TaskParams{TaskID: ids["cancel"]}, nil)
	d.ask("tasks/cancel", tasks.TaskParams{TaskID: ids["cancel"]}, nil)
	for name, want := range map[string]struct {
		state tasks.State
		text  string // of the model, which repeats its messages
	}{
		"allow":      {tasks.StateFinished, "$ echo it ran | tee made.txt\nit ran\n|" + newWorkspace},
		"deny":       {tasks.StateFinished, "[error] not run: denied: not today|" + newWorkspace},
		"cancelTurn": {tasks.StateCancelled, ""},
		"send":       {tasks.StateFinished, "[error] not run: the server ended while the user was asked|[" + newWorkspace + "]\n\nnever mind"},
		"cancel":     {tasks.StateCancelled, ""},
	} {
		if task := d.status(ids[name], want.state); task.Text != want.text {
			t.Errorf("%s: the model was told %q, want %q", name, task.Text, want.text)
		}
	}
	if got := d.pending(""); len(got) > 0 {
		t.Errorf("still asked: %+v", got)
	}
	var file tasks.FileContent
	d.ask("files/read", tasks.FileParams{TaskID: ids["allow"], Path: "made.txt"}, &file)
	if file.Content != "it ran\n" {
		t.Errorf("made.txt: %+v", file)
	}
	d.end(false)
}

// A task that was cancelled while it asked, or removed, does not run at the next server, and
// its question is not pending. A cancelled task can be continued.
func TestCancelledTasksStayCancelled(t *testing.T) {
	t.Parallel()
	d, parent := newAsking(t)
	cancelled := d.start(parent, "cancel")
	child := d.asked(cancelled).SessionID
	removed := d.start(parent, "remove")
	d.asked(removed)
	question := d.start(parent, "question")
	d.status(question, tasks.StateWaiting)
	d.end(true)

	resume := func() map[string]tasks.State {
		t.Helper()
		d.serve()
		d.ask("session/resume", session.OpenSessionParams{SessionID: parent}, nil)
		var list tasks.ListResult
		d.ask("tasks/list", tasks.ListParams{}, &list)
		states := map[string]tasks.State{}
		for _, task := range list.Tasks {
			states[task.TaskID] = task.State
		}
		return states
	}
	want := map[string]tasks.State{cancelled: tasks.StateInterrupted, removed: tasks.StateInterrupted, question: tasks.StateWaiting}
	if diff := cmp.Diff(want, resume()); diff != "" {
		t.Errorf("after the kill (-want +got):\n%s", diff)
	}
	for _, id := range []string{cancelled, question} {
		d.ask("tasks/cancel", tasks.TaskParams{TaskID: id}, nil)
		d.status(id, tasks.StateCancelled)
	}
	d.ask("tasks/remove", tasks.TaskParams{TaskID: removed}, nil)
	d.end(true)

	want = map[string]tasks.State{cancelled: tasks.StateCancelled, question: tasks.StateCancelled}
	if diff := cmp.Diff(want, resume()); diff != "" {
		t.Errorf("after the next (-want +got):\n%s", diff)
	}
	if got := d.pending(""); len(got) > 0 {
		t.Errorf("still asked: %+v", got)
	}
	if got := d.status(cancelled, tasks.StateCancelled); got.Status != "cancelled" || got.Error != "cancelled" {
		t.Errorf("%+v", got)
	}
	var kinds []event.Kind
	for i, e := range d.output(cancelled).Events {
		if kinds = append(kinds, e.Kind); e.Seq != int64(i+1) || e.SessionID != child {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	last := []event.Kind{event.KindApprovalRequested, event.KindApprovalResolved, event.KindToolFinished, event.KindTurnFinished}
	if diff := cmp.Diff(last, kinds[max(0, len(kinds)-len(last)):]); diff != "" {
		t.Errorf("the last events (-want +got):\n%s", diff)
	}
	for id, text := range map[string]string{
		cancelled: "[error] not run: the server ended while the user was asked|[" + newWorkspace + "]\n\nmore",
		question:  "The question was put to the user; the next message answers it.|[" + newWorkspace + "]\n\nmore",
	} {
		d.ask("tasks/send", tasks.SendParams{TaskID: id, Prompt: "more"}, nil)
		if got := d.status(id, tasks.StateFinished); got.Text != text {
			t.Errorf("the model was told %q, want %q", got.Text, text)
		}
	}
	d.end(false)
}

// A line-by-line conversation that resumes the session shows a task's question, and continues
// without waiting for the task.
func TestChatAnswersForTask(t *testing.T) {
	t.Parallel()
	d, parent := newAsking(t)
	task := d.start(parent, "go")
	d.asked(task)
	d.end(true)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "pygent", "chat", "--resume", parent, "--no-docker", "--sandbox=none")
	cmd.Env = d.env()
	cmd.Stdin = strings.NewReader("y\nhello\nn\n")
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err != nil || !strings.Contains(text, "tasks of it were cut off") || !strings.Contains(text, "(task "+task+")") || !strings.Contains(text, "[error] not run: denied") {
		t.Errorf("%v\n%s", err, text)
	}
}
