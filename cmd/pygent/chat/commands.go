package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/rpc"
)

// outcome is what a command has to show. Its texts are not yet safe to print.
type outcome struct {
	text  string
	patch string // a diff, shown below text
	leave bool
	fresh bool // another session is talked in

	// Of a session that was resumed: its events, shown like live ones, and what its
	// last server had asked.
	events  []agent.Event
	pending []agent.PendingRequest
}

// command is one slash command.
type command struct {
	name, args, help string
	needs            string // a method that the server must have, "" for none
	idle             bool   // not while a turn runs
	run              func(ctx context.Context, t *talk, args string) (outcome, error)
}

// commands is the table of commands, in the order of /help. It is made anew at
// each use: help lists it.
func commands() []command {
	return []command{
		{name: "help", help: "this list", run: help},
		{name: "new", help: "a new session; what runs in this one ends", needs: rpc.MethodSessionNew, idle: true, run: newSession},
		{name: "resume", args: "[NUMBER | ID]", help: "earlier sessions of this workspace; opens one", needs: rpc.MethodSessionResume, idle: true, run: resume},
		{name: "mode", args: "[plan | ask | auto]", help: "what the agent may do unasked", needs: rpc.MethodSessionConfigure, run: mode},
		{name: "model", args: "[NAME]", help: "the model, from its next reply on", needs: rpc.MethodSessionConfigure, run: model},
		{name: "tools", help: "what the model can use", run: listTools},
		{name: "tasks", args: "[ID | cancel ID]", help: "delegated agents; what one of them said", needs: rpc.MethodTaskList, run: listTasks},
		{name: "cmd", args: "COMMAND", help: "runs a command where the agent's run", needs: rpc.MethodExec, run: execute},
		{name: "cp", args: "FROM [TO]", help: "copies your file, or TASK:PATH, to the workspace", run: copyIn},
		{name: "diff", args: "[PATH…]", help: "what the last turn changed", needs: rpc.MethodDiff, run: diff},
		{name: "undo", args: "[PATH…]", help: "takes the last turn's changes back, or forth again", needs: rpc.MethodRevert, idle: true, run: undo},
		{name: "save", args: "[FILE]", help: "writes the session as Markdown", needs: rpc.MethodSessionExport, run: save},
		{name: "exit", help: "leaves; so do quit, q, Ctrl-D and Ctrl-C twice", run: leave},
	}
}

// exitWords leave like /exit.
var exitWords = map[string]bool{"quit": true, "q": true}

// parse finds the command that a line of input is. ok is false for what is said
// to the model; the error tells of a command that there is not.
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
	return command{}, "", true, fmt.Errorf("/%s is no command: /help lists them", name)
}

func help(_ context.Context, t *talk, _ string) (outcome, error) {
	var b strings.Builder
	for _, c := range commands() {
		if t.serves(c.needs) {
			fmt.Fprintf(&b, "%-28s %s\n", strings.TrimSpace("/"+c.name+" "+c.args), c.help)
		}
	}
	return outcome{text: b.String()}, nil
}

func leave(context.Context, *talk, string) (outcome, error) { return outcome{leave: true}, nil }

func listTools(_ context.Context, t *talk, _ string) (outcome, error) {
	return outcome{text: strings.Join(t.about.Tools, "\n")}, nil
}
