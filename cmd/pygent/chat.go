package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/chat"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
)

func chatCommand(std streams, f *flags) *cobra.Command {
	var resume string
	cmd := &cobra.Command{
		Use:   "chat",
		Short: "Talk to the agent in the terminal",
		Long: `Chat is a conversation in the current directory, or in --root. /help lists its
commands. Enter sends, Alt-Enter or a backslash before Enter begins a new line;
what is sent while a turn runs is heard before the model's next round. Ctrl-C
stops the turn, and leaves when pressed again; /exit, quit, q and the end of
input leave too.

Without a terminal, or with NO_COLOR or TERM=dumb, the same goes line by line.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return talk(cmd.Context(), std, f, resume)
		},
	}
	agentFlags(cmd, f)
	cmd.Flags().StringVar(&resume, "resume", "", "`id` of a session to go on with; 1 is the last one of this workspace")
	return cmd
}

// talk is a conversation with a server in this process, over a pipe like any
// other client's.
func talk(ctx context.Context, std streams, f *flags, resume string) error {
	root, err := filepath.Abs(f.project())
	if err != nil {
		return &exitError{exitFailed, err}
	}
	screen := isTerminal(std.in) && isTerminal(std.out) && chat.Fits(os.Environ())
	var also []os.Signal
	if screen { // there Ctrl-C is a key, and an interrupt comes from elsewhere
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

// serveHere serves one client in this process. ended waits for the server's end.
func (a *app) serveHere(ctx context.Context) (conn io.ReadWriteCloser, ended func(), err error) {
	lifetime, cancel := context.WithCancel(ctx)
	server, err := a.newServer(lifetime, connectionBounds{maxMessage: rpc.DefaultMaxMessageBytes})
	if err != nil {
		cancel()
		return nil, nil, err
	}
	ours, theirs := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_, _ = server.Serve(lifetime, theirs, theirs) // why it ended is in the log
		_ = theirs.Close()                            // of a pipe in memory
	}()
	return ours, func() {
		cancel()
		<-served
	}, nil
}

// talkInLines is the conversation without a screen.
func talkInLines(ctx context.Context, std streams, o chat.Options) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	entered := readLines(std.in)
	return chat.Lines(ctx, o, chat.LineOptions{
		Client:     &asking{newApproving(&term.Printer{Out: std.out, Activity: std.out}, std.out, func() <-chan line { return entered.answers })},
		Interrupts: interrupts,
		Next: func(ctx context.Context) (string, error) {
			select {
			case <-ctx.Done():
				return "", context.Cause(ctx)
			case l := <-entered.said:
				return l.text, l.err
			}
		},
	})
}

// maxLogLines bounds the warnings that wait for the screen; further ones are in
// the log file only.
const maxLogLines = 64

// logLines is a writer whose lines a screen shows.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}

// asking is a client that puts the model's questions to the user, too.
type asking struct{ *approving }

// AskUser prints the question and takes the next line for the answer; a number
// chooses an option.
func (a *asking) AskUser(ctx context.Context, q agent.Question) (agent.Answer, bool, error) {
	leave, err := a.take(ctx)
	if err != nil {
		return agent.Answer{}, true, err
	}
	defer leave()
	fmt.Fprintf(a.out, "? %s\n", term.Safe(q.Question))
	for i, option := range q.Options {
		fmt.Fprintf(a.out, "  %d) %s\n", i+1, term.Line(option, 200))
	}
	fmt.Fprint(a.out, "? ")
	select {
	case <-ctx.Done():
		return agent.Answer{}, true, a.withdrawn(ctx)
	case l := <-a.lines():
		if l.err != nil {
			return agent.Answer{Cancelled: true}, true, nil
		}
		text := strings.TrimSpace(l.text)
		var n int
		if _, err := fmt.Sscanf(text, "%d", &n); err == nil && n >= 1 && n <= len(q.Options) {
			text = q.Options[n-1]
		}
		return agent.Answer{Answer: text}, true, nil
	}
}
