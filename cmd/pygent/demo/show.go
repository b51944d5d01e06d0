package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/tasks"
)

// pollInterval is the time between two requests of the task's status.
const pollInterval = 100 * time.Millisecond

// show is one run of the demonstration.
type show struct {
	Options
	ctx       context.Context // of the whole demonstration; Run owns it
	workspace string
	replay    string
	state     string // the server's state directory
	calls     term.Calls
	client    *rpc.Client
}

// say prints text and makes it safe, because much of it comes from commands and a model.
func (d *show) say(format string, args ...any) {
	fmt.Fprintln(d.Out, term.Safe(fmt.Sprintf(format, args...)))
}

func (d *show) head(n int, text string) { d.say("\n== %d. %s", n, text) }

// indent prints untrusted text indented.
func (d *show) indent(text string) {
	for line := range strings.SplitSeq(strings.TrimRight(term.Safe(text), "\n"), "\n") {
		d.say("   %s", line)
	}
}

// play runs the demonstration step by step.
func (d *show) play() error {
	d.say("Pygent demo. The model is SCRIPTED: its replies come from a file that ships with")
	d.say("the program. Files, commands, processes, tasks and the protocol are real.")

	d.head(1, "A project with a failing test")
	before, passed, err := d.runTest()
	if err != nil {
		return fmt.Errorf("run the project's test: %w", err)
	}
	d.indent("$ sh test.sh\n" + before)
	if passed {
		return errors.New("the project's test passes already")
	}
	server, err := d.start()
	if err != nil {
		return err
	}
	err = d.talk()
	if endErr := server.end(); err == nil {
		err = endErr
	}
	if err != nil {
		return err
	}
	return d.verdict()
}

// talk is the conversation over the pipe.
func (d *show) talk() error {
	d.head(2, "initialize: who is at the other end of the pipe")
	var init rpc.InitializeResult
	pid := os.Getpid()
	uri := fileURI(d.workspace)
	if err := d.client.Call(d.ctx, rpc.MethodInitialize, rpc.InitializeParams{ProcessID: &pid, RootURI: uri}, &init); err != nil {
		return err
	}
	if err := d.client.Notify(d.ctx, rpc.MethodInitialized, nil); err != nil {
		return err
	}
	own := init.Capabilities.Experimental.Pygent
	d.say("   %s %s, commands run in: %s (sandbox: %s)", init.ServerInfo.Name, init.ServerInfo.Version, own.Runtime.Kind, own.Runtime.Sandbox)
	if own.Runtime.Reason != "" {
		d.say("   because: %s", term.Line(own.Runtime.Reason, 160))
	}

	d.head(3, "agent/step: "+prompt)
	var turn session.StepResult
	if err := d.client.Call(d.ctx, rpc.MethodStep, session.StepParams{Prompt: prompt}, &turn); err != nil {
		return err
	}
	if turn.Status != event.StatusCompleted {
		return fmt.Errorf("the turn ended as %s: %s", turn.Status, errorText(turn.Error))
	}
	d.say("   -> %s after %d model rounds", turn.Status, turn.Steps)

	d.head(4, "tasks/start: "+taskPrompt)
	id, err := d.delegate()
	if err != nil {
		return err
	}
	d.head(5, "files/collect: bring the task's file back")
	var got tasks.CollectResult
	if err := d.client.Call(d.ctx, rpc.MethodCollect, tasks.CollectParams{TaskID: id, Path: taskFile, Hash: true}, &got); err != nil {
		return err
	}
	for _, f := range got.Files {
		d.say("   %s (%d bytes, sha256 %.12s…)", f.Path, f.Bytes, f.SHA256)
	}
	return nil
}

// delegate starts a task and polls its status until it ends.
func (d *show) delegate() (id string, err error) {
	var started tasks.StartResult
	params := tasks.StartParams{Prompt: taskPrompt, Files: []string{"wordcount.sh", "test.sh"}, TaskTimeoutSeconds: 60}
	if err := d.client.Call(d.ctx, rpc.MethodTaskStart, params, &started); err != nil {
		return "", err
	}
	began := time.Now()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for polls := 1; ; polls++ {
		var task tasks.Task
		if err := d.client.Call(d.ctx, rpc.MethodTaskStatus, tasks.TaskParams{TaskID: started.TaskID}, &task); err != nil {
			return "", err
		}
		if task.State != tasks.StateRunning {
			d.say("   tasks/status: %s after %.1fs and %d polls", task.Status, time.Since(began).Seconds(), polls)
			if task.State != tasks.StateFinished {
				return "", fmt.Errorf("task %s ended as %s", task.TaskID, task.Status)
			}
			d.indent(task.Text)
			return task.TaskID, nil
		}
		if polls%5 == 1 {
			d.say("   tasks/status: %s for %.1fs", task.Status, time.Since(began).Seconds())
		}
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			return "", context.Cause(d.ctx)
		}
	}
}

// verdict checks the result: the test passes now and is unchanged.
func (d *show) verdict() error {
	d.head(6, "The result")
	after, passed, err := d.runTest()
	if err != nil {
		return fmt.Errorf("run the project's test: %w", err)
	}
	d.indent("$ sh test.sh\n" + after)
	diff, err := d.diff()
	if err != nil {
		return fmt.Errorf("compare the project: %w", err)
	}
	d.say("")
	d.indent(diff)
	notes, err := os.ReadFile(filepath.Join(d.workspace, taskFile))
	if err != nil {
		return fmt.Errorf("the collected file is missing: %w", err)
	}
	d.say("")
	d.indent("$ cat " + taskFile + "\n" + string(notes))
	if !passed {
		return errors.New("the project's test still fails")
	}
	if err := d.testUntouched(); err != nil {
		return err
	}
	d.say("\nThe test failed before and passes now. (The model was scripted; set OPENAI_API_KEY")
	d.say("or OPENAI_BASE_URL and try: pygent run \"explain this project\")")
	if d.Keep {
		d.say("\nIts sessions are kept apart from yours: XDG_STATE_HOME=%s pygent sessions", d.state)
	}
	return nil
}

func errorText(e *event.ErrorDetail) string {
	if e == nil {
		return "no reason given"
	}
	return e.Message
}

// notification prints each event as one line.
func (d *show) notification(method string, params json.RawMessage) {
	if method != rpc.MethodEvent {
		return
	}
	var e event.Event
	if err := json.Unmarshal(params, &e); err != nil {
		d.say("   unreadable event: %v", err)
		return
	}
	who := "agent"
	if e.TaskID != "" {
		who = "task "
	}
	switch e.Kind {
	case event.KindMessage:
		if e.Role == event.RoleAssistant {
			d.say("   %s | %s", who, term.Safe(e.Text))
		}
	case event.KindToolStarted:
		d.say("   %s > %s", who, d.calls.Begin(e, 100))
	case event.KindToolFinished:
		text, terminal := d.calls.End(e)
		for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
			if line != "" && terminal {
				d.say("   %s <   %s", who, term.Line(line, 110))
			}
		}
	case event.KindFileChanged:
		d.say("   %s ~ %s %s (+%d -%d)", who, e.Change, term.Line(e.Path, 100), e.Added, e.Removed)
	case event.KindNotice, event.KindRetrying:
		d.say("   %s ! %s", who, term.Line(e.Text+e.Reason, 200))
	}
}
