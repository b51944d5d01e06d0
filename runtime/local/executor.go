package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/pygent/pygent/runtime"
)

// Options are the options of New. The zero value is the best sandbox of this
// machine with the default limits.
type Options struct {
	// Level is runtime.SandboxStrong, SandboxMedium or SandboxNone. Commands
	// fail where it is not available. "" is the stronger of the first two that
	// is available.
	Level string
	// Reason is Info's Reason: why this kind of runtime was chosen.
	Reason string
	// ReadPaths and WritePaths are absolute paths that commands may read, and read
	// and write, besides those that the level gives.
	ReadPaths, WritePaths []string
	// ReadOnly prevents commands from writing to the workspace and to
	// WritePaths; they can still write to their home and temporary files. It
	// needs level strong: at others commands fail.
	ReadOnly bool
	// Home is the commands' private home directory; it is made if it is
	// missing. "" means a directory for each workspace below StateDir, which is
	// kept; for a temporary workspace the home is beside it and removed with
	// it.
	Home string
	// StateDir is for files that are kept; "" means $XDG_STATE_HOME/pygent.
	StateDir string
	// Network is what commands may reach at level strong. At medium there is no
	// network, and commands fail if one was requested; at none it is always
	// full.
	Network runtime.Network
	// Limits are for all commands of the workspace together, except FileBytes,
	// which is for each file. Zero means the default: DefaultLimits for the
	// sandboxes, no limits at level none. A negative number means no limit. The
	// executor ignores OutputBytes.
	Limits runtime.Limits
}

// DefaultLimits are the limits of commands in a sandbox. CPUs is not limited,
// because the scheduler is fair.
var DefaultLimits = runtime.Limits{MemoryBytes: 4 << 30, PIDs: 512, FileBytes: 1 << 30}

// Executor runs commands in one workspace. It implements runtime.Executor.
type Executor struct {
	ws   *runtime.Workspace
	opts Options

	life context.Context // ends with Close; every command's context ends with it
	stop context.CancelCauseFunc

	idle chan struct{} // closed when the executor is closed and no command runs

	backend backend

	mu      sync.Mutex // guards the fields below
	closed  bool
	running int
	shell   string // the result of findShell when PATH was path
	path    string
}

var errClosed = fmt.Errorf("%w: the local runtime is closed", runtime.ErrUnavailable)

// New returns an executor for ws, which the caller still owns. On Linux the
// program must call RunIfChild before it does anything else.
func New(ws *runtime.Workspace, opts Options) *Executor {
	life, stop := context.WithCancelCause(context.Background())
	return &Executor{ws: ws, opts: opts, life: life, stop: stop, idle: make(chan struct{})}
}

// Info describes what runs commands. For level "" the sandbox is empty until
// the first command, or until Probe has returned in this process.
func (e *Executor) Info() runtime.Info {
	info := runtime.Info{Kind: runtime.KindLocal, Workspace: e.ws.Dir(), Reason: e.opts.Reason}
	e.describe(&info)
	return info
}

// Exec runs cmd; see runtime.Executor. After the end of ctx it takes longer
// than a second only if the kernel cannot end a process, as on a file system
// that hangs.
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

// findShell finds sh. It tries the last path first: searching the directories
// before it in PATH took as long as all other work here.
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

// begin counts a command, unless the executor is closed.
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

// Close ends every command and the supervisor, and waits for them, bounded by
// ctx.
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
