package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/cmd/pygent/chat"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc/wire"
)

func chatCommand(std streams, f *flags) *cobra.Command {
	var resume string
	cmd := &cobra.Command{
		Use:   "chat",
		Short: "Talk to the agent in the terminal",
		Long: `Chat is a conversation in the current directory, or in --root. /help lists its
commands. Enter sends; Alt-Enter, or a backslash before Enter, begins a new line.
A message that you send during a turn reaches the model before its next round.
Ctrl-C stops the turn; pressed again it leaves. /exit, quit, q and the end of
input leave too.

When a question comes, your typing does not answer it: y, a, n and c count only
while the input is empty and after one second without typing. Esc puts the input
aside, so that you can answer.

Without a terminal, or with NO_COLOR or TERM=dumb, the conversation goes line by
line. At a terminal, a line answers if you began it after the question and after
one second without typing. From a pipe, the next line answers.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return talk(cmd.Context(), std, f, resume)
		},
	}
	agentFlags(cmd, f)
	cmd.Flags().StringVar(&resume, "resume", "", "`id` of a session to continue; 1 is the last one of this workspace")
	return cmd
}

// talk runs a conversation with a server in this process, over a pipe in memory.
func talk(ctx context.Context, std streams, f *flags, resume string) error {
	root, err := filepath.Abs(f.project())
	if err != nil {
		return &exitError{exitFailed, err}
	}
	screen := isTerminal(std.in) && isTerminal(std.out) && chat.Fits(os.Environ())
	var also []os.Signal
	if screen { // the screen reads Ctrl-C as a key, so an interrupt is from another process
		also = append(also, os.Interrupt)
	}
	life, stop := untilEnded(ctx, also...)
	defer stop()
	o := chat.Options{Root: root, Version: version(), Resume: resume, In: std.in, Out: std.out}
	if screen {
		warnings := make(logLines, maxLogLines)
		o.Warnings, std.err = warnings, warnings
	}
	a, err := newApp(f, std, root)
	if err != nil {
		return err
	}
	defer a.close()
	if err := a.ready(); err != nil {
		return &exitError{exitFailed, err}
	}
	a.cfg.Workspace, o.Model, o.Mode = root, a.cfg.Model, a.cfg.Mode
	conn, ended, err := a.serveHere(life)
	if err != nil {
		return err
	}
	defer ended()
	o.Conn = conn
	if screen {
		err = chat.Screen(life, o)
	} else {
		err = talkInLines(life, std, o)
	}
	switch {
	case life.Err() != nil:
		return &exitError{code: exitCancelled}
	case err != nil:
		return &exitError{exitFailed, err}
	}
	return nil
}

// serveHere serves one client in this process. ended waits for the end of the server.
func (a *app) serveHere(ctx context.Context) (conn io.ReadWriteCloser, ended func(), err error) {
	lifetime, cancel := context.WithCancel(ctx)
	server, err := a.newServer(lifetime, connectionBounds{maxMessage: wire.DefaultMaxMessageBytes})
	if err != nil {
		cancel()
		return nil, nil, err
	}
	ours, theirs := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_, _ = server.Serve(lifetime, theirs, theirs) // the log says why it ended
		_ = theirs.Close()                            // a pipe in memory: cannot fail
	}()
	return ours, func() {
		cancel()
		<-served
	}, nil
}

// talkInLines runs the conversation without a screen.
func talkInLines(ctx context.Context, std streams, o chat.Options) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	input := readLines(std.in)
	return chat.Lines(ctx, o, chat.LineOptions{
		Client:     &asking{newApproving(&term.Printer{Out: std.out, Activity: std.out}, std.out, func() *entered { return input })},
		Interrupts: interrupts,
		Next:       input.next,
	})
}

// maxLogLines bounds the warnings that wait for the screen. Further warnings are only in
// the log file.
const maxLogLines = 64

// logLines is a writer that passes its lines to the screen.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

// asking is a client that also asks the user the model's questions.
type asking struct{ *approving }

// AskUser prints the question and takes the next line as the answer. A number chooses an
// option.
func (a *asking) AskUser(ctx context.Context, q event.Question) (event.Answer, bool, error) {
	leave, err := a.take(ctx)
	if err != nil {
		return event.Answer{}, true, err
	}
	defer leave()
	fmt.Fprintf(a.out, "? %s\n", term.Safe(q.Question))
	for i, option := range q.Options {
		fmt.Fprintf(a.out, "  %d) %s\n", i+1, term.Line(option, maxTitle))
	}
	l, err := a.input().answer(ctx, a.out, "? ")
	switch {
	case err != nil:
		return event.Answer{}, true, a.withdrawn(ctx)
	case l.err != nil:
		return event.Answer{Cancelled: true}, true, nil
	}
	text := strings.TrimSpace(l.text)
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(q.Options) {
		text = q.Options[n-1]
	}
	return event.Answer{Answer: text}, true, nil
}
