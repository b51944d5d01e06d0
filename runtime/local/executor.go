package local

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/pygent/pygent/runtime"
)

// Options are the options of New. The zero value is fine.
type Options struct {
	// Reason tells in Info why commands run unconfined. What the system cannot
	// do is added to it.
	Reason string
	// Env is added to the allow-listed environment, as KEY=value. It beats it.
	Env []string
}

// Executor runs commands in one workspace. It implements runtime.Executor.
type Executor struct {
	ws     *runtime.Workspace
	env    []string
	reason string

	life context.Context // ends with Close; every command's context ends with it
	stop context.CancelCauseFunc

	idle chan struct{} // closed when the executor is and no command runs any more

	mu      sync.Mutex // guards what is below
	closed  bool
	running int
}

var errClosed = fmt.Errorf("%w: the local runtime is closed", runtime.ErrUnavailable)

// New makes an executor for ws, which stays the caller's. On Linux it makes the
// server process a child subreaper; see the package's comment.
func New(ws *runtime.Workspace, opts Options) *Executor {
	reasons := slices.DeleteFunc([]string{opts.Reason, adoptOrphans()}, func(s string) bool { return s == "" })
	life, stop := context.WithCancelCause(context.Background())
	return &Executor{
		ws:     ws,
		env:    slices.Clone(opts.Env),
		reason: strings.Join(reasons, "; "),
		life:   life,
		stop:   stop,
		idle:   make(chan struct{}),
	}
}

// Info says what runs commands.
func (e *Executor) Info() runtime.Info {
	return runtime.Info{
		Kind:      runtime.KindLocal,
		Sandbox:   runtime.SandboxNone,
		Network:   "full",
		Workspace: e.ws.Dir(),
		Reason:    e.reason,
	}
}

// Exec runs cmd; see runtime.Executor. It can take longer than a second to
// return after ctx only while the kernel cannot end a process, as on a file
// system that hangs.
func (e *Executor) Exec(ctx context.Context, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	if err := e.begin(); err != nil {
		return runtime.Exit{}, err
	}
	defer e.end()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.life, func() { cancel(errClosed) })()
	if ctx.Err() != nil {
		return runtime.Exit{}, context.Cause(ctx)
	}
	if err := e.ws.Check(); err != nil {
		return runtime.Exit{}, err
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		return runtime.Exit{}, fmt.Errorf("%w: no shell: %w; install one or add the directory of sh to PATH", runtime.ErrUnavailable, err)
	}
	return e.run(ctx, shell, cmd, out)
}

// begin counts a command in, unless the executor is closed.
func (e *Executor) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	e.running++
	return nil
}

func (e *Executor) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running--; e.closed && e.running == 0 {
		close(e.idle)
	}
}

// Close ends every command and waits for them, bounded by ctx.
func (e *Executor) Close(ctx context.Context) error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		if e.running == 0 {
			close(e.idle)
		}
	}
	running := e.running
	e.mu.Unlock()
	e.stop(errClosed)
	if running == 0 {
		return nil
	}
	select {
	case <-e.idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close the local runtime: %d commands have not ended: %w", running, context.Cause(ctx))
	}
}
