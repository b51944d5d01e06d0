package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// maxStdinPrompt bounds a prompt that is read from stdin, in bytes.
const maxStdinPrompt = 8 << 20

type runOptions struct {
	json     bool
	maxSteps int
	timeout  float64
}

func runCommand(std streams, f *flags) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [flags] PROMPT…",
		Short: "Do one prompt in a directory and exit",
		Long: `Run does one prompt and exits. It works in the current directory unless --root
or PYGENT_WORKSPACE names another. PROMPT is the arguments joined by spaces, or
standard input for a single -.

The model's text goes to stdout, its tool calls go to stderr. With --json, stdout
has one event per line, as in the protocol's agent/event, and a last line
{"kind":"result","result":…} with the result of agent/step.`,
		Example: `  pygent run "make the failing test pass"
  git diff | pygent run -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runOnce(cmd.Context(), std, f, o, args)
		},
	}
	agentFlags(cmd, f)
	cmd.Flags().BoolVar(&o.json, "json", false, "print events as JSON, one per line")
	cmd.Flags().IntVar(&o.maxSteps, "max-steps", 0, "largest number of model rounds (default 50)")
	cmd.Flags().Float64Var(&o.timeout, "timeout", 0, "time limit of the run, in seconds")
	return cmd
}

func runOnce(ctx context.Context, std streams, f *flags, o runOptions, args []string) error {
	prompt, err := promptOf(args, std.in)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	ctx, stop := untilEnded(ctx, os.Interrupt)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() { watchReader(ctx, std.out, cancel) }) // for: pygent run … | head
	out := &written{to: std.out}
	client := printerFor(std, out, args)
	events := &eventLines{unattended: unattended{event.Discard{}}, out: out}
	if o.json {
		client = events
	}
	d, closeAll, err := localDomain(ctx, std, f, client)
	if err != nil {
		return err
	}
	defer closeAll()

	res, err := d.sessions.Step(ctx, session.StepParams{
		Prompt:   prompt,
		MaxSteps: o.maxSteps,
		Limits:   &event.Limits{TimeoutSeconds: o.timeout},
	})
	var invalid *runtime.InvalidError
	switch {
	case errors.As(err, &invalid):
		return &exitError{exitUsage, err}
	case err != nil:
		return &exitError{exitFailed, err}
	}
	if o.json {
		events.write(map[string]any{"kind": "result", "result": res})
	} else {
		term.Report(std.err, res)
	}
	if code := exitCode(res.Status); code != exitOK {
		return &exitError{code: code}
	}
	if err := out.error(); !errors.Is(err, syscall.EPIPE) { // the reader has closed it on purpose
		return failed(err)
	}
	return nil
}

// printerFor returns the client of a run with text output. It asks on the terminal if the
// terminal shows the question and is not the source of the prompt.
func printerFor(std streams, out io.Writer, args []string) event.Client {
	printer := &term.Printer{Out: out, Activity: std.err}
	if !isTerminal(std.in) || !isTerminal(std.err) || slices.Equal(args, []string{"-"}) {
		return &unattended{printer}
	}
	return newApproving(printer, std.err, sync.OnceValue(func() *entered { return readLines(std.in) }))
}

func promptOf(args []string, in io.Reader) (string, error) {
	if len(args) != 1 || args[0] != "-" {
		return strings.Join(args, " "), nil
	}
	data, err := io.ReadAll(io.LimitReader(in, maxStdinPrompt+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the prompt: %w", err)
	case len(data) > maxStdinPrompt:
		return "", fmt.Errorf("the prompt on stdin is larger than %d bytes: put the text into a file of the workspace and name it", maxStdinPrompt)
	case strings.TrimSpace(string(data)) == "":
		return "", fmt.Errorf("the prompt on stdin is empty: write it to stdin, or give it as an argument")
	}
	return string(data), nil
}

// taskWatcher is a client that also receives task changes.
type taskWatcher interface {
	TaskChanged(ctx context.Context, t tasks.Task)
}

// localDomain makes a domain without a connection, for a client in this process. It works in
// the current directory unless a setting names another. It sends task changes to a client
// that is a taskWatcher.
func localDomain(ctx context.Context, std streams, f *flags, client event.Client) (*domain, func(), error) {
	project := f.project()
	if project == "" {
		return nil, nil, &exitError{exitFailed, errors.New("the current directory does not exist any more: give --root")}
	}
	a, err := newApp(f, std, project)
	if err != nil {
		return nil, nil, err
	}
	a.cfg.Workspace = project
	changed := func(tasks.Task) {}
	if w, ok := client.(taskWatcher); ok {
		changed = func(t tasks.Task) { w.TaskChanged(ctx, t) }
	}
	d, err := newDomain(ctx, a, client, changed)
	if err != nil {
		a.close()
		return nil, nil, err
	}
	return d, func() {
		a.shutdown(d)
		a.close()
	}, nil
}

// written keeps the first error of a writer whose callers ignore errors, so that a script
// does not take half an answer for the whole.
type written struct {
	to io.Writer

	mu  sync.Mutex
	err error
}

func (w *written) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return n, err
}

func (w *written) error() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// eventLines is an event.Client that writes events as JSON lines.
type eventLines struct {
	unattended
	mu  sync.Mutex
	out io.Writer
}

func (l *eventLines) Event(_ context.Context, e event.Event) { l.write(e) }

func (l *eventLines) write(v any) {
	line, err := json.Marshal(v)
	if err != nil { // events are plain structs: a bug
		panic(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.out.Write(append(line, '\n')) // watchReader notices a closed reader
}
