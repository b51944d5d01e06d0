//go:build unix

package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/tasks"
)

// newWorkspace is the notice to a task whose workspace was lost with its server.
const newWorkspace = "the workspace of this task went with its server: this is a new, empty one"

// delegating is the client of a server, or of several in turn with the same state.
type delegating struct {
	*testing.T
	dir string // of state and temporary files
	url string // of the model
	cmd *exec.Cmd
	*rpc.Client

	approvals chan event.Approval // approvals that are never answered; nil without the capability
}

// tellUsers is a model that hangs when the last prompt begins with "hang", names
// its tools when it is "tools", and else repeats all prompts.
func tellUsers(w http.ResponseWriter, req agenttest.ServerRequest) {
	var said []string
	for _, m := range req.Messages {
		if m.Role == event.RoleUser {
			said = append(said, *m.Content)
		}
	}
	switch last := said[len(said)-1]; {
	case strings.HasPrefix(last, "hang"):
		<-req.Gone
		return
	case last == "tools":
		agenttest.WriteReply(w, agenttest.Text(strings.Join(req.Tools, " ")))
		return
	}
	agenttest.WriteReply(w, agenttest.Text(strings.Join(said, "|")))
}

func newDelegating(t *testing.T) *delegating {
	entries := make([]any, 100)
	for i := range entries {
		entries[i] = tellUsers
	}
	d := &delegating{T: t, dir: t.TempDir(), url: agenttest.Server(t, entries...).URL}
	d.serve()
	return d
}

// serve starts a server and initializes it.
func (d *delegating) serve() {
	d.Helper()
	d.cmd = exec.Command("pygent", "serve", "--no-docker", "--sandbox=none")
	d.cmd.Env = d.env()
	in, inErr := d.cmd.StdinPipe()
	out, outErr := d.cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, d.cmd.Start()); err != nil {
		d.Fatal(err)
	}
	cmd := d.cmd
	d.Cleanup(func() { _ = cmd.Process.Kill() })
	d.Client = rpc.NewClient(struct {
		io.Reader
		io.WriteCloser
	}{out, in}, rpc.Handlers{Request: d.approval})
	can := rpc.ClientCapabilities{Experimental: &rpc.ExperimentalClient{Pygent: &rpc.PygentClient{Approvals: d.approvals != nil}}}
	d.ask("initialize", rpc.InitializeParams{Capabilities: can}, &rpc.InitializeResult{})
}

// env is the environment of servers and other programs with this state.
func (d *delegating) env() []string {
	return append(os.Environ(), "OPENAI_BASE_URL="+d.url, "OPENAI_API_KEY=test", "TMPDIR="+d.dir, "XDG_STATE_HOME="+d.dir, "XDG_CONFIG_HOME="+d.dir)
}

// end ends the server, by SIGKILL or by closing its input.
func (d *delegating) end(kill bool) {
	d.Helper()
	if kill {
		_ = d.cmd.Process.Kill()
	}
	_ = d.Close()
	_ = d.cmd.Wait() // its exit code depends on how it ended
}

func (d *delegating) ask(method string, params, result any) {
	d.Helper()
	if err := d.Call(d.Context(), method, params, result); err != nil {
		d.Fatalf("%s: %v", method, err)
	}
}

// refused fails the test unless the method is answered with the error code.
func (d *delegating) refused(code int, text, method string, params any) {
	d.Helper()
	err := d.Call(d.Context(), method, params, nil)
	var wire *rpc.Error
	if !errors.As(err, &wire) || wire.Code != code || !strings.Contains(wire.Message, text) {
		d.Errorf("%s: %v, want %d and %q", method, err, code, text)
	}
}

func (d *delegating) start(parent, prompt string) string {
	d.Helper()
	var res tasks.StartResult
	d.ask("tasks/start", tasks.StartParams{SessionID: parent, Prompt: prompt}, &res)
	return res.TaskID
}

// status waits until a task is in a state and returns the task.
func (d *delegating) status(id string, want tasks.State) (task tasks.Task) {
	d.Helper()
	for range 1000 {
		d.ask("tasks/status", tasks.TaskParams{TaskID: id}, &task)
		if task.State == want {
			return task
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.Fatalf("task %s is %s, want %s", id, task.State, want)
	return task
}

func TestDelegatedAgentsCannotDelegate(t *testing.T) {
	t.Parallel()
	d := newDelegating(t)
	defer d.end(false)
	var parent session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{Temporary: true}, &parent)
	text := d.status(d.start(parent.SessionID, "tools"), tasks.StateFinished).Text
	for _, name := range []string{"delegate_task", "task_status", "collect_file"} {
		if strings.Contains(text, name) {
			t.Errorf("a delegated agent has the tools %s", text)
		}
	}
	if !strings.Contains(text, "bash") {
		t.Errorf("a delegated agent has the tools %q", text)
	}
}

// heard waits until the model has a task's prompt.
func (d *delegating) heard(id string) {
	d.Helper()
	for range 1000 {
		if n := len(d.output(id).Events); n >= 2 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.Fatalf("task %s does not begin", id)
}

func (d *delegating) output(id string) (page session.EventsPage) {
	d.Helper()
	d.ask("tasks/output", tasks.TaskOutputParams{TaskID: id}, &page)
	return page
}

// A server is killed while one task runs and others have ended. The next server resumes their
// session: it reports how they ended, their texts and that their files are gone, and can
// continue them.
func TestTasksOutliveTheirServer(t *testing.T) {
	d := newDelegating(t)
	var s session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{}, &s)
	done := d.start(s.SessionID, "sum up")
	first := d.status(done, tasks.StateFinished)
	cut := d.start(s.SessionID, "hang on")
	d.heard(cut)
	d.end(true)

	d.serve()
	d.refused(-31002, "not found", "tasks/status", tasks.TaskParams{TaskID: done})
	var resumed session.ResumeResult
	d.ask("session/resume", session.OpenSessionParams{SessionID: s.SessionID}, &resumed)
	var list tasks.ListResult
	d.ask("tasks/list", tasks.ListParams{}, &list)
	if len(list.Tasks) != 2 || list.Tasks[0].TaskID != done || list.Tasks[1].TaskID != cut {
		t.Fatalf("tasks %+v", list.Tasks)
	}
	again := d.status(done, tasks.StateFinished)
	if again.Text != "sum up" || again.Name != first.Name || again.Steps != 1 || again.EndedAt == nil || again.Usage != first.Usage || again.SessionID != first.SessionID {
		t.Errorf("task %+v, it was %+v", again, first)
	}
	if task := d.status(cut, tasks.StateInterrupted); task.EndedAt == nil || task.Status != "interrupted" || task.Prompt != "hang on" {
		t.Errorf("task %+v", task)
	}
	page := d.output(done)
	if n := len(page.Events); n == 0 || page.Events[n-1].Kind != event.KindTurnFinished || page.Events[n-1].TaskID != done {
		t.Errorf("output %+v", page)
	}
	d.refused(-31012, "workspace is gone", "files/collect", tasks.CollectParams{TaskID: done, Path: "x"})

	var sent tasks.SendResult
	d.ask("tasks/send", tasks.SendParams{TaskID: cut, Prompt: "more"}, &sent)
	if task := d.status(cut, tasks.StateFinished); task.Text != "hang on|["+newWorkspace+"]\n\nmore" {
		t.Errorf("the model did not get the conversation: %+v", task)
	}
	notice := false
	for _, e := range d.output(cut).Events {
		notice = notice || e.Kind == event.KindNotice && strings.Contains(e.Text, "new, empty one")
	}
	if !notice {
		t.Error("nobody was told that the workspace is another")
	}
	d.ask("files/list", tasks.ListFilesParams{TaskID: cut}, &tasks.FileList{})
	d.end(false)
}

// Closing a session cancels its tasks and no others. Deleting it deletes their stored data and
// workspaces.
func TestSessionsTakeTheirTasksAlong(t *testing.T) {
	d := newDelegating(t)
	var s, other session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{Temporary: true}, &s)
	d.ask("session/new", session.NewSessionParams{Temporary: true}, &other)
	mine, theirs := d.start(s.SessionID, "hang on"), d.start(other.SessionID, "hang on")
	d.heard(mine)
	d.heard(theirs)
	child := d.status(mine, tasks.StateRunning).SessionID
	d.ask("session/close", session.OpenSessionParams{SessionID: s.SessionID}, &session.CloseResult{})
	var task tasks.Task
	d.ask("tasks/status", tasks.TaskParams{TaskID: mine}, &task)
	if task.State != tasks.StateCancelled {
		t.Errorf("after session/close: %+v", task)
	}
	d.refused(-31001, "not open", "tasks/start", tasks.StartParams{SessionID: s.SessionID, Prompt: "go"})
	d.status(theirs, tasks.StateRunning)

	d.ask("session/delete", session.OpenSessionParams{SessionID: s.SessionID}, &session.CloseResult{})
	d.refused(-31002, "not found", "tasks/status", tasks.TaskParams{TaskID: mine})
	d.refused(-31001, "session not found", "session/events", session.SessionEventsParams{SessionID: child})
	d.ask("session/delete", session.OpenSessionParams{SessionID: other.SessionID}, &session.CloseResult{})
	for _, pattern := range []string{"pygent/sessions/*", "pygent-work-*"} {
		left, err := filepath.Glob(filepath.Join(d.dir, pattern))
		if len(left) > 0 || err != nil {
			t.Errorf("left behind: %q, %v", left, err)
		}
	}
	d.end(false)
}

// With a limit of one, another turn waits for a task's slot, and another task is refused.
func TestTaskLimit(t *testing.T) {
	t.Setenv("PYGENT_MAX_TASKS", "1")
	d := newDelegating(t)
	first := d.start("", "one")
	d.status(first, tasks.StateFinished)
	busy := d.start("", "hang on")
	d.refused(-31003, "max 1 tasks reached", "tasks/start", tasks.StartParams{Prompt: "go"})
	again := tasks.SendParams{TaskID: first, Prompt: "again"}
	var sent tasks.SendResult
	d.ask("tasks/send", again, &sent)
	if sent.State != tasks.StateQueued {
		t.Errorf("%+v", sent)
	}
	d.refused(-31003, "is queued", "tasks/send", again)
	d.status(first, tasks.StateQueued)
	d.ask("tasks/cancel", tasks.TaskParams{TaskID: busy}, &tasks.Task{})
	if task := d.status(first, tasks.StateFinished); task.Text != "one|again" {
		t.Errorf("%+v", task)
	}
	d.end(false)
}

// A delegated agent gets no tool that the session lacks, also in later turns and after the
// death of the server.
func TestTasksLackToolsOfSession(t *testing.T) {
	t.Parallel()
	tell := func(w http.ResponseWriter, req agenttest.ServerRequest) {
		agenttest.WriteReply(w, agenttest.Text(strings.Join(req.Tools, " ")))
	}
	d := &delegating{T: t, dir: t.TempDir(), url: agenttest.Server(t, tell, tell, tell, tell).URL}
	d.serve()
	var parent session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{Temporary: true, DisabledTools: []string{"bash"}}, &parent)
	check := func(id string, lacks ...string) {
		t.Helper()
		got := strings.Fields(d.status(id, tasks.StateFinished).Text)
		if !slices.Contains(got, "download_file") {
			t.Errorf("the model was offered %q", got)
		}
		for _, name := range lacks {
			if slices.Contains(got, name) {
				t.Errorf("the model was offered %s", name)
			}
		}
	}
	first := d.start(parent.SessionID, "look")
	check(first, "bash")
	d.ask("session/configure", session.ConfigureParams{SessionID: parent.SessionID, DisabledTools: []string{"write_file"}}, &session.ConfigureResult{})
	check(d.start(parent.SessionID, "look"), "write_file")
	d.ask("tasks/send", tasks.SendParams{TaskID: first, Prompt: "again"}, nil)
	check(first, "bash", "write_file")
	d.end(true)
	d.serve()
	d.ask("session/resume", session.OpenSessionParams{SessionID: parent.SessionID}, nil)
	d.ask("tasks/send", tasks.SendParams{TaskID: first, Prompt: "again"}, nil)
	check(first, "bash")
	d.end(false)
}

// A task keeps its limits and its mode after the death of its server.
func TestRestoredTasksKeepTheirBounds(t *testing.T) {
	t.Parallel()
	run := agenttest.Calls("", agenttest.Call("c", "bash", map[string]any{"cmd": "true"}))
	run.Usage = event.Usage{InputTokens: 1, OutputTokens: 1}
	model := func(w http.ResponseWriter, req agenttest.ServerRequest) {
		switch last := req.Messages[len(req.Messages)-1]; {
		case last.Role == event.RoleUser && *last.Content == "begin":
			agenttest.WriteReply(w, agenttest.Text("begun"))
		case last.Role == event.RoleUser && strings.HasSuffix(*last.Content, "hang"):
			<-req.Gone
		default:
			agenttest.WriteReply(w, run)
		}
	}
	entries := make([]any, 100)
	for i := range entries {
		entries[i] = model
	}
	d := &delegating{T: t, dir: t.TempDir(), url: agenttest.Server(t, entries...).URL, approvals: make(chan event.Approval, 10)}
	d.serve()
	var parent session.NewSessionResult
	d.ask("session/new", session.NewSessionParams{Mode: event.ModeAuto}, &parent)
	begin := func(p tasks.StartParams) string {
		t.Helper()
		p.SessionID, p.Prompt = parent.SessionID, "begin"
		var res tasks.StartResult
		d.ask("tasks/start", p, &res)
		d.status(res.TaskID, tasks.StateFinished)
		return res.TaskID
	}
	configure := func(mode event.Mode) {
		t.Helper()
		d.ask("session/configure", session.ConfigureParams{SessionID: parent.SessionID, Mode: mode}, nil)
	}
	slow := begin(tasks.StartParams{TaskTimeoutSeconds: 1.5, StepTimeoutSeconds: 60})
	slower := begin(tasks.StartParams{StepTimeoutSeconds: 1.25})
	configure(event.ModePlan)
	costly := begin(tasks.StartParams{Limits: &event.Limits{Tokens: 3}})
	d.end(true)

	d.serve()
	d.ask("session/resume", session.OpenSessionParams{SessionID: parent.SessionID}, nil)
	configure(event.ModeAuto)
	for id, prompt := range map[string]string{slow: "hang", slower: "hang", costly: "go"} {
		d.ask("tasks/send", tasks.SendParams{TaskID: id, Prompt: prompt}, nil)
	}
	if got := d.status(costly, tasks.StateBudget); got.Steps != 2 || got.Usage != (event.Usage{InputTokens: 2, OutputTokens: 2}) {
		t.Errorf("limits.tokens: %+v", got)
	}
	for id, want := range map[string]string{slow: "timeout after 1.5s", slower: "timeout after 1.25s"} {
		if got := d.status(id, tasks.StateTimeout); got.Status != want {
			t.Errorf("%+v, want %q", got, want)
		}
	}
	if len(d.approvals) > 0 { // mode plan refuses what auto would ask for here
		t.Errorf("asked for %+v", <-d.approvals)
	}
	d.end(false)
}

// Each reply of a task's model updates its steps and usage.
func TestTaskTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	calls := agenttest.Calls("", agenttest.Call("c", "bash", map[string]any{"cmd": "true"}))
	calls.Usage = event.Usage{InputTokens: 100, OutputTokens: 7}
	hang := func(_ http.ResponseWriter, req agenttest.ServerRequest) { <-req.Gone }
	d := &delegating{T: t, dir: t.TempDir(), url: agenttest.Server(t, calls, calls, hang).URL}
	d.serve()
	id := d.start("", "go")
	var task tasks.Task
	for range 1000 {
		d.ask("tasks/status", tasks.TaskParams{TaskID: id}, &task)
		if task.Steps == 2 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if want := (event.Usage{InputTokens: 200, OutputTokens: 14}); task.State != tasks.StateRunning || task.Steps != 2 || task.Usage != want {
		t.Errorf("in its third round: %+v", task)
	}
	d.end(false)
}
