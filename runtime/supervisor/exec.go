package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/pygent/pygent/runtime"
)

// killPatience is how long a child may take to report the end of a command that
// it was told to kill. After that its connection is ended.
const killPatience = 5 * time.Second

// call is a command on the host side.
type call struct {
	wake chan struct{} // has a token when there may be output or an exit

	mu      sync.Mutex // guards the fields below
	pending []byte     // output, at most Window bytes
	allowed int        // bytes that the child may still send
	exit    *exit
}

// add appends to the pending output.
func (k *call) add(p []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(p) > k.allowed {
		return fmt.Errorf("%w: %d bytes of output and %d were allowed", ErrFrame, len(p), k.allowed)
	}
	k.allowed -= len(p)
	k.pending = append(k.pending, p...)
	k.signal()
	return nil
}

func (k *call) end(e *exit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.exit = e
	k.signal()
}

func (k *call) signal() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// take returns the pending output, replaces it by spare, and returns the exit
// if there is one.
func (k *call) take(spare []byte) ([]byte, *exit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := k.pending
	k.pending = spare[:0]
	return out, k.exit
}

func (k *call) allow(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.allowed += n
}

// Exec runs a command and returns when all its processes are gone. Its rules
// are those of runtime.Executor. An error that wraps runtime.ErrUnavailable
// says that the command did not start, or that the child died while it ran.
func (c *Client) Exec(ctx context.Context, cmd Start, out io.Writer) (runtime.Exit, error) {
	if ctx.Err() != nil {
		return runtime.Exit{}, context.Cause(ctx)
	}
	id, k, err := c.open()
	if err != nil {
		return runtime.Exit{}, err
	}
	defer c.forget(id)
	if err := c.wrote(c.out.sendJSON(kindStart, id, cmd.wire())); err != nil {
		return runtime.Exit{}, err
	}
	e, killed, err := c.follow(ctx, id, k, out)
	switch {
	case killed:
		return runtime.Exit{}, context.Cause(ctx)
	case err != nil:
		return runtime.Exit{}, err
	case e.Error != "":
		return runtime.Exit{}, fmt.Errorf("%w: %s", runtime.ErrUnavailable, e.Error)
	case e.TimedOut:
		return runtime.Exit{}, &runtime.TimeoutError{Limit: cmd.Timeout}
	}
	return runtime.Exit{Code: e.Code, Signal: e.Signal, OutOfMemory: e.OutOfMemory, OutOfDisk: e.OutOfDisk}, nil
}

func (c *Client) open() (uint32, *call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, nil, c.err
	}
	c.last++
	k := &call{wake: make(chan struct{}, 1), allowed: Window}
	c.calls[c.last] = k
	return c.last, k, nil
}

func (c *Client) forget(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

// follow passes a command's output on until the command has ended. killed
// reports whether ctx ended first.
func (c *Client) follow(ctx context.Context, id uint32, k *call, out io.Writer) (e *exit, killed bool, err error) {
	cancelled := ctx.Done()
	var late <-chan time.Time
	var spare []byte
	owed := 0 // consumed bytes for which no credit was sent yet
	for {
		ended := false
		select {
		case <-k.wake:
		case <-c.done:
			ended = true
		case <-cancelled:
			killed, cancelled = true, nil
			late = time.After(killPatience)
			_ = c.wrote(c.out.sendNumber(kindSignal, id, uint32(syscall.SIGKILL)))
		case <-late:
			c.fail(errors.New("it did not end a command that it was told to kill"))
			<-c.done
			return nil, killed, c.Err()
		}
		spare, e = k.take(spare)
		if len(spare) > 0 {
			_, _ = out.Write(spare) // an error is ignored: it must not block the command
			owed += len(spare)
		}
		switch {
		case e != nil:
			if e.Left > 0 {
				_, _ = fmt.Fprintf(out, "\n[%d processes of this command could not be ended]\n", e.Left)
			}
			return e, killed, nil
		case ended:
			return nil, killed, c.Err()
		case owed >= Window/4:
			k.allow(owed)
			_ = c.wrote(c.out.sendNumber(kindCredit, id, uint32(owed)))
			owed = 0
		}
	}
}

func (cmd Start) wire() start {
	return start{
		Argv:    byteSlices(cmd.Argv),
		Env:     byteSlices(cmd.Env),
		Root:    []byte(cmd.Root),
		Dir:     []byte(cmd.Dir),
		Timeout: cmd.Timeout,
	}
}

func byteSlices(all []string) [][]byte {
	out := make([][]byte, len(all))
	for i, s := range all {
		out[i] = []byte(s)
	}
	return out
}

func stringsOf(all [][]byte) []string {
	out := make([]string, len(all))
	for i, b := range all {
		out[i] = string(b)
	}
	return out
}
