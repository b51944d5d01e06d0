package docker

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/pygent/pygent/runtime"
)

const (
	openTimeout    = 10 * time.Second       // for the two calls that start a command
	startPatience  = 700 * time.Millisecond // for a cancelled command to start, so that it can be killed
	sweepPatience  = 700 * time.Millisecond // for the wrapper to end the processes that a command left
	drainPatience  = 250 * time.Millisecond // for the stream to end after all processes have ended
	outPatience    = 800 * time.Millisecond // for out to take output after the end of ctx
	inspectTimeout = 2 * time.Second
	stateInterval  = 2 * time.Second // between checks that the container still runs
)

//go:embed scripts/command.sh
var commandScript string

// notBegunError says that a command has certainly not begun, because its
// container was gone before.
type notBegunError struct{ err error }

func (e *notBegunError) Error() string { return e.err.Error() }
func (e *notBegunError) Unwrap() error { return e.err }

// command is one run of the wrapper script and its state.
type command struct {
	s      *sandbox
	id     string // the mark of its processes
	execID string
	conn   types.HijackedResponse
	demux  *demux
	eof    chan struct{} // closed when the stream has ended; out gets nothing afterwards

	ended      bool   // eof was seen
	session    string // "" before the start
	code       int
	exited     bool // by itself, with code
	noDir      bool
	swept      bool // the wrapper has ended the remaining processes
	unknown    bool // processes of unknown owner are left
	oomAtStart int64
	oomAtEnd   int64
}

// execIn runs one command in s. In every case, when it returns either no
// process of the command is left or the container is removed.
func (e *Executor) execIn(ctx context.Context, s *sandbox, script, dir string, out io.Writer) (runtime.Exit, error) {
	if err := s.gate.enter(ctx, s.gone); err != nil {
		if errors.Is(err, errGone) {
			err = &notBegunError{lost(s, err)}
		}
		return runtime.Exit{}, err
	}
	c := &command{s: s, id: randomID(), demux: newDemux(out), eof: make(chan struct{}), oomAtStart: -1, oomAtEnd: -1}
	if err := e.begin(ctx, c, script, dir); err != nil {
		e.discard(s, err)
		e.leave(s, false)
		return runtime.Exit{}, err
	}
	e.work.Go(c.read)
	defer context.AfterFunc(ctx, func() { c.demux.stopBy(time.Now().Add(outPatience)) })()
	err := c.watch(ctx)
	ended := c.learnEnd(err)
	dirty, failure := c.settle(err)
	if failure != nil {
		if err == nil && ended == nil && !c.exited {
			ended = c.checkCode(failure)
		}
		e.discard(s, failure)
	}
	c.stop(func() bool { return err == nil && ctx.Err() == nil && e.life.Err() == nil })
	e.leave(s, dirty)
	switch {
	case errors.Is(err, errGone), errors.Is(err, errPaused):
		return runtime.Exit{}, lost(s, err)
	case err != nil:
		return runtime.Exit{}, err
	case ended != nil:
		return runtime.Exit{}, ended
	}
	return c.exit(), nil
}

// begin starts the wrapper. The end of ctx does not cancel the start, because a
// command that has not started cannot be killed.
func (e *Executor) begin(ctx context.Context, c *command, script, dir string) error {
	opened := make(chan error, 1)
	e.work.Go(func() { opened <- c.open(e.life, script, dir) })
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-opened:
		return err
	case <-time.After(startPatience):
		e.work.Go(func() {
			if <-opened == nil {
				c.conn.Close()
			}
		})
		return context.Cause(ctx)
	}
}

func (c *command) open(ctx context.Context, script, dir string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	argv := []string{"sh", "-c", processesScript + commandScript, "sh", script, dir}
	c.execID, c.conn, err = c.s.exec(ctx, argv, c.id)
	switch {
	case errors.Is(err, errGone) && c.execID == "":
		return &notBegunError{lost(c.s, err)}
	case errors.Is(err, errGone), errors.Is(err, errPaused):
		return lost(c.s, err)
	}
	return err
}

// read passes the streams on until they end. Only closing the connection ends
// it early.
func (c *command) read() {
	defer close(c.eof)
	_, _ = stdcopy.StdCopy(c.demux.stdout(), c.demux.stderr(), c.conn.Reader)
}

// leave counts a finished command. The last command also ends processes of
// unknown owner.
func (e *Executor) leave(s *sandbox, dirty bool) {
	for !s.gate.leave(dirty) {
		select {
		case <-s.gone:
		default:
			if _, err := s.sweepAll(killPatience); err != nil {
				e.discard(s, err)
			}
		}
		s.gate.open()
		dirty = false
	}
}

// exit returns how the command ended, once that is known. It names no signal:
// the daemon reports a code only, and one above 128 can be a program's own,
// such as git's 129 for wrong usage.
func (c *command) exit() runtime.Exit {
	oom := c.oomAtStart >= 0 && c.oomAtEnd > c.oomAtStart
	return runtime.Exit{
		Code: c.code,
		// The count is the container's: the kernel may have killed another
		// command's process. A command that succeeded was not killed.
		OutOfMemory: oom && c.code != 0,
	}
}

// lost returns the error for a container that ended from outside.
func lost(s *sandbox, err error) error {
	return fmt.Errorf("%w: container %.12s: %w; how the command ended is unknown, run it again: the next one gets a new container",
		runtime.ErrUnavailable, s.id, err)
}
