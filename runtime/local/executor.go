package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pygent/pygent/runtime"
)

// Options are the options of New. The zero value is the best sandbox that this
// machine gives, with the default limits.
type Options struct {
	// Level is runtime.SandboxStrong, SandboxMedium or SandboxNone. Commands fail
	// where it cannot be had. "" is the stronger of the first two that can.
	Level string
	// Reason tells in Info why this kind of runtime was chosen.
	Reason string
	// Env is added to the allow-listed environment, as KEY=value. It beats it.
	Env []string
	// ReadPaths and WritePaths are absolute paths that commands may read, and read
	// and write, besides those that the level gives.
	ReadPaths, WritePaths []string
	// ReadOnly keeps commands from writing to the workspace and to WritePaths, their
	// home and temporary files apart. It needs level strong: at others they fail.
	ReadOnly bool
	// Home is the directory that commands have as their private home; it is made
	// if it is missing. "" is one for each workspace below StateDir, which is kept;
	// that of a temporary workspace is beside it and goes with it.
	Home string
	// StateDir is for what is kept: $XDG_STATE_HOME/pygent if it is "".
	StateDir string
	// Network is what commands reach at level strong. At medium there is none, and
	// commands fail where it was asked for; at none it is always full.
	Network runtime.Network
	// Limits are for all commands of the workspace together, but FileBytes, which
	// is for each file. Zero is the default: DefaultLimits for the sandboxes, and
	// none at all at level none. Less than zero is no limit. OutputBytes is not
	// for the executor.
	Limits runtime.Limits
}

// DefaultLimits are those of commands in a sandbox. CPUs is not limited: the
// scheduler is fair.
var DefaultLimits = runtime.Limits{MemoryBytes: 4 << 30, PIDs: 512, FileBytes: 1 << 30}

// Executor runs commands in one workspace. It implements runtime.Executor.
type Executor struct {
	ws   *runtime.Workspace
	opts Options

	life context.Context // ends with Close; every command's context ends with it
	stop context.CancelCauseFunc

	idle chan struct{} // closed when the executor is and no command runs any more

	backend backend

	mu      sync.Mutex // guards what is below
	closed  bool
	running int
	shell   string // as findShell found it, while PATH was path
	path    string
}

var errClosed = fmt.Errorf("%w: the local runtime is closed", runtime.ErrUnavailable)

// New makes an executor for ws, which stays the caller's. On Linux the program
// must call RunIfChild before it does anything else.
func New(ws *runtime.Workspace, opts Options) *Executor {
	opts.Env = slices.Clone(opts.Env)
	life, stop := context.WithCancelCause(context.Background())
	return &Executor{ws: ws, opts: opts, life: life, stop: stop, idle: make(chan struct{})}
}

// Info says what runs commands. For level "" the sandbox is empty before the
// first command, or before Probe has answered in this process.
func (e *Executor) Info() runtime.Info {
	info := runtime.Info{Kind: runtime.KindLocal, Workspace: e.ws.Dir(), Reason: e.opts.Reason}
	e.describe(&info)
	return info
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
	shell, err := e.findShell()
	if err != nil {
		return runtime.Exit{}, fmt.Errorf("%w: no shell: %w; install one or add the directory of sh to PATH", runtime.ErrUnavailable, err)
	}
	return e.run(ctx, shell, cmd, out)
}

// findShell looks sh up. Where it was, it is first looked for: the directories
// before it in PATH, each with an error to be made, took as long as all else here.
func (e *Executor) findShell() (string, error) {
	path := os.Getenv("PATH")
	e.mu.Lock()
	shell := e.shell
	if shell == "" || e.path != path {
		shell = "sh"
	}
	e.mu.Unlock()
	found, err := exec.LookPath(shell)
	if err != nil && shell != "sh" {
		found, err = exec.LookPath("sh")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shell, e.path = "", path; err == nil && filepath.IsAbs(found) {
		e.shell = found
	}
	return found, err
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

// Close ends every command and what served them, and waits, bounded by ctx.
func (e *Executor) Close(ctx context.Context) error {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		if e.running == 0 {
			close(e.idle)
		}
	}
	e.mu.Unlock()
	e.stop(errClosed)
	var err error
	select {
	case <-e.idle:
	case <-ctx.Done():
		err = fmt.Errorf("close the local runtime: commands have not ended: %w", context.Cause(ctx))
	}
	return errors.Join(err, e.stopBackend(ctx))
}

func unavailable(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", runtime.ErrUnavailable, what, err)
}
