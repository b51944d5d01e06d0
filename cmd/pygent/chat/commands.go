package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc"
)

// outcome is the result of a command. Its texts are not yet safe to print.
type outcome struct {
	text  string
	patch string // a diff, shown below text
	leave bool
	fresh bool // the conversation has changed to another session

	// Of a resumed session: its events, which are shown like live ones, and its
	// pending requests.
	events  []event.Event
	pending []approval.PendingRequest
}

// command is one slash command.
type command struct {
	name, args, help string
	needs            string // the method that the server must serve, "" for none
	idle             bool   // refused while a turn runs
	run              func(ctx context.Context, t *talk, args string) (outcome, error)
}

// commands returns the table of commands, in the order of /help. It is a function because
// help refers to it.
func commands() []command {
	return []command{
		{name: "help", help: "lists the commands", run: help},
		{name: "new", help: "starts a session; ends what runs in this one", needs: rpc.MethodSessionNew, idle: true, run: newSession},
		{name: "resume", args: "[NUMBER | ID]", help: "lists this workspace's sessions; opens one", needs: rpc.MethodSessionResume, idle: true, run: resume},
		{name: "mode", args: "[plan | ask | auto]", help: "shows or sets the permissions of the agent", needs: rpc.MethodSessionConfigure, run: mode},
		{name: "model", args: "[NAME]", help: "shows or sets the model of the next reply", needs: rpc.MethodSessionConfigure, run: model},
		{name: "tools", help: "lists the tools of the model", run: listTools},
		{name: "tasks", args: "[ID | cancel ID]", help: "lists delegated agents; shows what one said", needs: rpc.MethodTaskList, run: listTasks},
		{name: "cmd", args: "COMMAND", help: "runs a command where the agent's commands run", needs: rpc.MethodExec, run: execute},
		{name: "cp", args: "FROM [TO]", help: "copies your file, or TASK:PATH, to the workspace", run: copyIn},
		{name: "diff", args: "[PATH…]", help: "shows what the last turn changed", needs: rpc.MethodDiff, run: diff},
		{name: "undo", args: "[PATH…]", help: "reverts the last turn's changes, or restores them", needs: rpc.MethodRevert, idle: true, run: undo},
		{name: "save", args: "[FILE]", help: "writes the session as Markdown", needs: rpc.MethodSessionExport, run: save},
		{name: "exit", help: "leaves; so do quit, q, Ctrl-D and Ctrl-C twice", run: leave},
	}
}

// exitWords are other names of /exit.
var exitWords = map[string]bool{"quit": true, "q": true}

// parse finds the command of a line of input. ok is false for a message to the model. The
// error names an unknown command.
func parse(t *talk, input string) (c command, args string, ok bool, err error) {
	input = strings.TrimSpace(input)
	if exitWords[input] {
		return command{name: "exit", run: leave}, "", true, nil
	}
	if !strings.HasPrefix(input, "/") {
		return command{}, "", false, nil
	}
	name, args, _ := strings.Cut(input[1:], " ")
	for _, c := range commands() {
		if c.name == name && t.serves(c.needs) {
			return c, strings.TrimSpace(args), true, nil
		}
	}
	return command{}, "", true, fmt.Errorf("/%s is not a command: /help lists them", name)
}

// answers explains in /help what counts as an answer.
const answers = `
Your typing does not answer a question. An answer counts after one second
without typing. On the screen the input must be empty: Esc puts its text aside,
and it comes back after the answer.
`

func help(_ context.Context, t *talk, _ string) (outcome, error) {
	var b strings.Builder
	for _, c := range commands() {
		if t.serves(c.needs) {
			fmt.Fprintf(&b, "%-28s %s\n", strings.TrimSpace("/"+c.name+" "+c.args), c.help)
		}
	}
	b.WriteString(answers)
	return outcome{text: b.String()}, nil
}

func leave(context.Context, *talk, string) (outcome, error) { return outcome{leave: true}, nil }

func listTools(_ context.Context, t *talk, _ string) (outcome, error) {
	return outcome{text: strings.Join(t.about.Tools, "\n")}, nil
}
