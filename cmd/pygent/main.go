// Command pygent is a coding agent that runs as a server: it speaks JSON-RPC over
// stdio to editors and scripts, and has commands for the terminal and the browser.
//
// This package parses flags, reads settings and connects the other packages. It
// holds no domain logic.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime/local"
)

// Exit codes, as `pygent help` documents them.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitLimit     = 3
	exitCancelled = 130
)

func main() {
	local.RunIfChild() // first, because a supervisor of commands needs nothing else
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are the standard streams; tests set their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitError ends the program with an exit code. A nil cause prints nothing on stderr.
type exitError struct {
	code  int
	cause error
}

func (e *exitError) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

func (e *exitError) Unwrap() error { return e.cause }

// run runs the program and returns its exit code.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	// A client that closes our stdout must not kill us before the clean-up. Commands
	// would inherit an ignored signal, but not a caught one.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	cmd := newRoot(streams{in, out, errOut})
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	var exit *exitError
	var unwritten *fs.PathError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		if exit.cause != nil {
			fmt.Fprintln(errOut, "pygent:", exit.cause)
		}
		return exit.code
	case errors.As(err, &unwritten): // stdout, such as on a full disk
		fmt.Fprintln(errOut, "pygent:", err)
		return exitFailed
	default: // from cobra: unknown commands and flags, wrong arguments
		fmt.Fprintf(errOut, "pygent: %v\nRun 'pygent --help' for usage.\n", err)
		return exitUsage
	}
}

// untilEnded returns a context that ends with SIGTERM, the loss of the terminal, or one of
// the given signals.
func untilEnded(ctx context.Context, also ...os.Signal) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, append(also, syscall.SIGTERM, syscall.SIGHUP)...)
}

// exitCode returns the exit code for a turn's status.
func exitCode(status event.Status) int {
	switch status {
	case event.StatusCompleted, event.StatusAccepted:
		return exitOK
	case event.StatusStepLimit, event.StatusTimeout, event.StatusBudget:
		return exitLimit
	case event.StatusCancelled:
		return exitCancelled
	default: // failed, or waiting for an answer
		return exitFailed
	}
}
