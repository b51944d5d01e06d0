package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
)

func chatCommand(std streams, f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "chat",
		Short: "Talk to the agent, line by line",
		Long: `Chat is an interactive session in the current directory, or in --root. Each line
is a message; Ctrl-C stops the turn that runs, and leaves when none does. /exit,
quit, q and the end of input leave too.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return chat(cmd.Context(), std, f)
		},
	}
	agentFlags(cmd, f)
	return cmd
}

// line is one line of input, or the end of it.
type line struct {
	text string
	err  error
}

func chat(ctx context.Context, std streams, f *flags) error {
	life, stop := untilEnded(ctx)
	defer stop()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)

	lines := readLines(std.in)
	client := &asking{newApproving(&term.Printer{Out: std.out, Activity: std.out}, std.out, func() <-chan line { return lines })}
	d, closeAll, err := localDomain(life, std, f, client)
	if err != nil {
		return err
	}
	defer closeAll()
	info := d.app.runtimes.info(life)
	fmt.Fprintf(std.out, "pygent %s: %s (%s), model %s. /exit leaves.\n", version(), info.Kind, info.Sandbox, d.app.cfg.Model)
	for {
		fmt.Fprint(std.out, "> ")
		select {
		case <-interrupts:
			fmt.Fprintln(std.out)
			return nil
		case <-life.Done():
			return &exitError{code: exitCancelled}
		case l := <-lines:
			if l.err != nil {
				fmt.Fprintln(std.out)
				return endOfInput(l.err)
			}
			switch text := strings.TrimSpace(l.text); text {
			case "":
			case "/exit", "quit", "q":
				return nil
			default:
				if err := say(life, std, d, text, interrupts); err != nil {
					return err
				}
			}
		}
	}
}

func endOfInput(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return &exitError{exitFailed, fmt.Errorf("read input: %w", err)}
}

// say does one turn, which Ctrl-C cancels.
func say(life context.Context, std streams, d *domain, text string, interrupts <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(life)
	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-interrupts:
			cancel()
		case <-ended:
		}
	}()
	res, err := d.sessions.Step(ctx, agent.StepParams{Prompt: text})
	close(ended)
	<-watched
	cancel()
	if errors.Is(err, agent.ErrAuthRequired) {
		return &exitError{exitFailed, err}
	}
	if err != nil {
		fmt.Fprintf(std.out, "error: %s\n", term.Safe(err.Error()))
		return nil
	}
	report(streams{out: std.out, err: std.out}, res)
	return nil
}

// readLines reads input in a goroutine that ends with the input or the process:
// a read of stdin cannot be interrupted.
func readLines(in io.Reader) <-chan line {
	lines := make(chan line)
	go func() {
		r := bufio.NewReader(in)
		for {
			text, err := r.ReadString('\n')
			if text != "" {
				lines <- line{text: text}
			}
			if err != nil {
				lines <- line{err: err}
				return
			}
		}
	}()
	return lines
}

// asking is a client that puts the model's questions to the user, too.
type asking struct{ *approving }

// AskUser prints the question and takes the next line for the answer; a number
// chooses an option.
func (a *asking) AskUser(ctx context.Context, q agent.Question) (agent.Answer, bool, error) {
	fmt.Fprintf(a.out, "? %s\n", term.Safe(q.Question))
	for i, option := range q.Options {
		fmt.Fprintf(a.out, "  %d) %s\n", i+1, term.Line(option, 200))
	}
	fmt.Fprint(a.out, "? ")
	select {
	case <-ctx.Done():
		return agent.Answer{}, true, context.Cause(ctx)
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
