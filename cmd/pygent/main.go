// Command pygent is a coding agent that lives behind a pipe: it speaks JSON-RPC
// over stdio to editors and scripts, and has a few faces of its own. This
// package parses flags, reads settings and wires the other packages together;
// it holds no domain logic.
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

	"github.com/pygent/pygent/agent"
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
	local.RunIfChild() // first: a supervisor of commands needs nothing of what follows
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are the standard streams, given so that tests can have their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitError ends the program with a code of its own. A nil cause says nothing
// more on stderr.
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

// run is the program; it returns its exit code.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	// A client that closes our stdout must not kill us before we have cleaned up.
	// Ignoring the signal would be inherited by every command; catching it is not.
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
	case errors.As(err, &unwritten): // stdout, as on a full disk
		fmt.Fprintln(errOut, "pygent:", err)
		return exitFailed
	default: // what cobra refuses: unknown commands and flags, wrong arguments
		fmt.Fprintf(errOut, "pygent: %v\nRun 'pygent --help' for usage.\n", err)
		return exitUsage
	}
}

// untilEnded is a context that ends when the program is told to end: by SIGTERM,
// by the loss of its terminal, and by the further signals given.
func untilEnded(ctx context.Context, also ...os.Signal) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, append(also, syscall.SIGTERM, syscall.SIGHUP)...)
}

// exitCode is what a turn's status means for a script.
func exitCode(status string) int {
	switch status {
	case agent.StatusCompleted, agent.StatusAccepted:
		return exitOK
	case agent.StatusStepLimit, agent.StatusTimeout, agent.StatusBudget:
		return exitLimit
	case agent.StatusCancelled:
		return exitCancelled
	default: // failed, or waiting for an answer that nobody can give
		return exitFailed
	}
}
