//go:build !linux

package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pygent/pygent/runtime"
)

// Bounds of the remaining output that is read after all processes are gone.
// They matter only if another process holds the pipe.
const (
	drainTime  = 250 * time.Millisecond // of waiting, without the time that out takes
	drainBytes = 1 << 20                // the largest pipe of a user
)

// tree is the processes of one command: its shell and its descendants.
type tree struct {
	killed atomic.Bool // the context ended before the shell did
}

// backend runs commands as children of the server.
type backend struct{}

// describe fills in what commands run in.
func (e *Executor) describe(info *runtime.Info) {
	info.Sandbox, info.Network = runtime.SandboxNone, NetworkAt(runtime.SandboxNone, e.opts.Network)
	info.Reason = strings.TrimPrefix(info.Reason+"; "+weakness(), "; ")
}

func (e *Executor) stopBackend(context.Context) error { return nil }

// run starts the shell and waits for the end of it and its descendants.
func (e *Executor) run(ctx context.Context, shell string, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	if e.opts.Level != runtime.SandboxNone {
		return runtime.Exit{}, fmt.Errorf("%w: this system has no sandbox for local commands; use Docker, or allow them unconfined with --sandbox=none", runtime.ErrUnavailable)
	}
	if e.opts.ReadOnly {
		return runtime.Exit{}, fmt.Errorf("%w: a read-only view of the workspace needs sandbox strong", runtime.ErrUnavailable)
	}
	dir, err := e.ws.OpenDir(cmd.Dir)
	if err != nil {
		return runtime.Exit{}, err
	}
	defer func() { _ = dir.Close() }()
	r, w, err := os.Pipe()
	if err != nil {
		return runtime.Exit{}, unavailable("make a pipe", err)
	}
	defer func() { _ = r.Close() }()

	t := &tree{}
	c := exec.Command(shell, "-c", cmd.Script) //nolint:noctx // the tree ends it: CommandContext would kill the shell alone
	c.Dir = filepath.Join(e.ws.Dir(), filepath.FromSlash(cmd.Dir))
	c.Env = append(environment(), "PWD="+c.Dir)
	c.Stdout, c.Stderr = w, w

	err = t.start(c)
	_ = w.Close()
	if err != nil {
		return runtime.Exit{}, unavailable("start "+shell, err)
	}
	gone, copied := make(chan struct{}), make(chan error, 1)
	go func() { copied <- copyOutput(out, r, gone) }()
	state, left := t.wait(ctx, c)
	close(gone)
	_ = r.SetReadDeadline(time.Now().Add(drainTime)) // for the read that waits already
	if err := <-copied; err != nil {
		_, _ = fmt.Fprintf(out, "\n[output cut: %v]\n", err)
	}
	if left != nil {
		_, _ = fmt.Fprintf(out, "\n[%v]\n", left)
	}
	if t.killed.Load() {
		return runtime.Exit{}, context.Cause(ctx)
	}
	if state == nil {
		return runtime.Exit{}, unavailable("wait for "+shell, errors.New("its exit code is unknown"))
	}
	return exitOf(state), nil
}

var errHeldOutput = errors.New("a process that is not of this command holds its output open")

// copyOutput copies until the pipe ends. Once the command's processes are gone,
// it reads what the pipe still holds, however slow out is, and returns
// errHeldOutput if the pipe has not ended by then. A failing out does not stop
// it, because the command must not block on a full pipe.
func copyOutput(out io.Writer, r *os.File, gone <-chan struct{}) error {
	buf := make([]byte, 32<<10)
	patience, room := drainTime, drainBytes
	for {
		begin, late := time.Now(), false
		select {
		case <-gone:
			late = true
			_ = r.SetReadDeadline(begin.Add(patience))
		default:
		}
		n, err := r.Read(buf)
		if late {
			patience -= time.Since(begin)
			room -= n
		}
		if n > 0 {
			_, _ = out.Write(buf[:n])
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), err == nil && room <= 0:
			return errHeldOutput
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
