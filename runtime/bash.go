package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// MaxCommandBytes bounds a command: Linux takes no longer argument
// (MAX_ARG_STRLEN, with its final NUL).
const MaxCommandBytes = 128<<10 - 1

// maxEchoed is how many bytes of a command that is too long the refusal
// repeats.
const maxEchoed = 1 << 10

// BashOptions are the options of Bash. The zero value is fine.
type BashOptions struct {
	Timeout time.Duration // 0: the runtime's default, which is 30 s if not set
	Dir     string        // workspace-relative; "" is the workspace

	// Output gets output as it arrives: in order, from one goroutine, and not
	// after Bash has returned. A slow Output delays neither the command nor its
	// time limit: Bash waits for it only until the limit, and the result's text
	// alone has the output that was not delivered by then. A call that still
	// blocks at that time is the only one that outlives Bash.
	Output func(delta string)
}

// Result is how a command ended. It has the shape of runtime/exec's answer.
//
// Text is for the model: "$ ", the command, a newline and its output, stdout
// and stderr in the order of arrival, then how it ended in brackets, unless the
// exit code is 0: [exit code 3], [killed by SIGSEGV], [out of memory], [timeout
// after 30s], [cancelled], the cause of the caller's own deadline, or "[error]
// …" for a command that could not be run.
type Result struct {
	Text            string  `json:"text" jsonschema:"$ and the command, its output, and in brackets how it ended if not with exit code 0"`
	ExitCode        *int    `json:"exitCode,omitempty" jsonschema:"absent when the command did not end by itself"`
	Signal          string  `json:"signal,omitempty" jsonschema:"SIGSEGV and the like"`
	TimedOut        bool    `json:"timedOut"`
	OutOfMemory     bool    `json:"outOfMemory,omitempty"`
	Truncated       bool    `json:"truncated" jsonschema:"the middle of the output is missing from text"`
	TotalBytes      int64   `json:"totalBytes,omitempty" jsonschema:"of the whole output"`
	DurationSeconds float64 `json:"durationSeconds"`

	// Err is set when the command was refused, could not be run or ended in an
	// unknown way; it can wrap ErrUnavailable, ErrOutside or be an
	// *InvalidError. A command that ran and failed, timed out or was cancelled
	// is no error.
	Err error `json:"-"`
}

// Bash runs a shell command: sh -c in the workspace, stdin /dev/null, no state
// kept from one call to the next. It returns when every process that the
// command started is gone. It never fails: the text says what went wrong, after
// the output up to then.
func (r *Runtime) Bash(ctx context.Context, cmd string, opts BashOptions) Result {
	start := time.Now()
	if err := r.refusal(cmd, opts.Dir); err != nil {
		return Result{Text: echo(cmd) + "[error] " + valid(err.Error()), Err: err}
	}
	limit := opts.Timeout
	if limit <= 0 {
		limit = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &TimeoutError{Limit: limit})
	defer cancel()

	out := NewOutput(r.output)
	var sink io.Writer = out
	if opts.Output != nil {
		reader := deliver(opts.Output)
		defer reader.finish(ctx)
		deltas := newLive(reader.put, r.output)
		defer deltas.flush() // before finish
		sink = io.MultiWriter(out, deltas)
	}
	exit, err := r.exec.Exec(ctx, Command{Script: cmd, Dir: opts.Dir}, sink)

	return result(ctx, cmd, start, out, exit, err)
}

// result describes how a command that began at start has ended.
func result(ctx context.Context, cmd string, start time.Time, out *Output, exit Exit, err error) Result {
	res := Result{
		Truncated:       out.Truncated(),
		TotalBytes:      out.Total(),
		DurationSeconds: time.Since(start).Seconds(),
	}
	last := res.end(ctx, exit, err)
	res.Text = echo(cmd) + out.String()
	if last != "" {
		res.Text = endLine(res.Text) + last
	}
	return res
}

// end fills in how the command ended and returns the text's last line.
func (res *Result) end(ctx context.Context, exit Exit, err error) string {
	switch {
	case err != nil && ctx.Err() != nil && !errors.Is(err, ErrUnavailable):
		cause := context.Cause(ctx)
		res.TimedOut = isTimeout(cause)
		switch {
		case errors.Is(cause, context.Canceled):
			return "[cancelled]"
		case errors.Is(cause, context.DeadlineExceeded):
			return "[timeout]" // a deadline of the caller that has no text
		}
		return "[" + valid(cause.Error()) + "]"
	case err != nil:
		res.Err = err
		return "[error] " + valid(err.Error())
	}
	res.ExitCode = &exit.Code
	res.Signal = exit.Signal
	res.OutOfMemory = exit.OutOfMemory
	switch {
	case exit.OutOfDisk:
		return "[killed: the disk that the workspace is on was nearly full; delete what is not needed]"
	case exit.OutOfMemory:
		return "[out of memory]"
	case exit.Signal != "":
		return "[killed by " + exit.Signal + "]"
	case exit.Code != 0:
		return fmt.Sprintf("[exit code %d]", exit.Code)
	}
	return ""
}

// isTimeout reports whether a time limit, ours or the caller's, ended a context.
func isTimeout(cause error) bool {
	var limit *TimeoutError
	return errors.As(cause, &limit) || errors.Is(cause, context.DeadlineExceeded)
}

// refusal returns why a command is not run, nil when it is.
func (r *Runtime) refusal(cmd, dir string) error {
	switch {
	case strings.TrimSpace(cmd) == "":
		return &InvalidError{"command", "is empty"}
	case strings.ContainsRune(cmd, 0):
		return &InvalidError{"command", "holds a NUL byte, which no shell can take"}
	case len(cmd) > MaxCommandBytes:
		return &InvalidError{"command", fmt.Sprintf("is %d bytes long and the limit is %d; write it to a file and run that", len(cmd), MaxCommandBytes)}
	}
	if dir == "" {
		return nil
	}
	_, err := r.ws.ResolveDir(dir)
	return err
}

// echo returns the first line of every text.
func echo(cmd string) string {
	if len(cmd) > MaxCommandBytes {
		cmd = cmd[:maxEchoed-incomplete([]byte(cmd[:maxEchoed]))] + "…"
	}
	return "$ " + valid(cmd) + "\n"
}
