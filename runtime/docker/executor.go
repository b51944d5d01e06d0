package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
)

// MaxScriptBytes is the longest command, in bytes: Linux accepts no longer
// argument.
const MaxScriptBytes = 128<<10 - 1

var errClosed = fmt.Errorf("%w: the executor is closed", runtime.ErrUnavailable)

// Executor runs commands in one workspace's container. It implements
// runtime.Executor.
type Executor struct {
	opts Options
	ws   *runtime.Workspace

	life context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // commands and starts; grows under mu while not closed

	network network
	watch   *gitguard.Watch

	mu      sync.Mutex
	closed  bool
	current *sandbox   // nil before the first command and after a container was lost
	left    []*sandbox // discarded, but their removal failed
}

var _ runtime.Executor = (*Executor)(nil)

// New makes an executor for ws. The container is made with the first command.
func New(ws *runtime.Workspace, opts Options) *Executor {
	if opts.Client == nil {
		panic("docker.New: Options.Client is nil; make one with Connect")
	}
	life, end := context.WithCancel(context.Background())
	e := &Executor{opts: opts.withDefaults(), ws: ws, life: life, end: end}
	if !opts.ReadOnly {
		e.watch = gitguard.NewWatch(ws.Dir(), false)
	}
	return e
}

// Info has the requested limits, and once the container runs, those that the
// daemon really set.
func (e *Executor) Info() runtime.Info {
	info := runtime.Info{
		Kind:      runtime.KindDocker,
		Sandbox:   runtime.SandboxContainer,
		Image:     e.opts.Image,
		Network:   e.opts.Network.Name(),
		Workspace: e.ws.Dir(),
		Reason:    e.opts.Reason,
		Limits: runtime.Limits{
			MemoryBytes: e.opts.MemoryBytes, PIDs: e.opts.PIDs, CPUs: e.opts.CPUs, FileBytes: e.opts.FileBytes,
		},
	}
	e.mu.Lock()
	s := e.current
	e.mu.Unlock()
	if s == nil {
		return info
	}
	select {
	case <-s.ready:
		if s.err == nil {
			info.ContainerID, info.Limits, info.Reason = s.id, s.has, s.plan.reason()
		}
	default:
	}
	return info
}

// Exec implements runtime.Executor. A container that is gone when the command
// begins is replaced; the files in its /tmp and HOME are lost. If the container
// ends or is paused while the command runs, the error is an ErrUnavailable, and
// the next command gets a new container. cmd.Dir is checked on the host: the
// errors are those of runtime.Workspace.ResolveDir.
func (e *Executor) Exec(ctx context.Context, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	if err := e.enter(); err != nil {
		return runtime.Exit{}, err
	}
	defer e.work.Done()
	dir, err := e.check(ctx, cmd)
	if err != nil {
		return runtime.Exit{}, err
	}
	exit, err := e.exec(ctx, cmd.Script, dir, out)
	if err != nil && e.life.Err() != nil && ctx.Err() == nil {
		return runtime.Exit{}, errClosed
	}
	return exit, err
}

func (e *Executor) exec(ctx context.Context, script, dir string, out io.Writer) (runtime.Exit, error) {
	for {
		s, fresh, err := e.acquire(ctx)
		if err != nil {
			return runtime.Exit{}, err
		}
		if !fresh && (!s.git.Show() || !s.git.Holds() || e.exposed(s)) {
			if err := e.replace(ctx, s, out); err != nil {
				return runtime.Exit{}, err
			}
			continue
		}
		if fresh {
			gitguard.Tell(out, s.git.Notices)
			s.tellMasked(out)
		}
		watch := e.network.watch()
		if err := e.watch.Enter(s.git); err != nil {
			e.release(s)
			return runtime.Exit{}, fmt.Errorf("%w: %w", runtime.ErrUnavailable, err)
		}
		began := time.Now()
		exit, err := e.run(ctx, s, script, dir, out)
		watch.Report(out)
		e.afterwards(s, out)
		e.tellExposed(s, began, out)
		e.release(s)
		var lost *notBegunError
		if errors.As(err, &lost) && !fresh {
			s.log.Warn("container lost before a command; making a new one", zap.Error(err))
			continue
		}
		return exit, err
	}
}

// run runs one command in s. Copied files are sent before it and fetched after
// it.
func (e *Executor) run(ctx context.Context, s *sandbox, script, dir string, out io.Writer) (runtime.Exit, error) {
	exec := e.execIn
	if s.sup != nil {
		exec = e.execSupervised
	}
	if s.tree == nil {
		return exec(ctx, s, script, dir, out)
	}
	command := func() (runtime.Exit, error) { return exec(ctx, s, script, dir, out) }
	return s.tree.run(ctx, e, command, out)
}

func (e *Executor) enter() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	e.work.Add(1)
	return nil
}

// check refuses a command that can never run, and returns the directory's path
// inside the container.
func (e *Executor) check(ctx context.Context, cmd runtime.Command) (string, error) {
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case len(cmd.Script) > MaxScriptBytes:
		return "", &runtime.InvalidError{Field: "command", Reason: fmt.Sprintf("has %d bytes, the most is %d; write it to a file and run that", len(cmd.Script), MaxScriptBytes)}
	case strings.ContainsRune(cmd.Script, 0):
		return "", &runtime.InvalidError{Field: "command", Reason: "contains a NUL byte"}
	}
	if err := e.ws.Check(); err != nil {
		return "", err
	}
	dir, err := e.ws.ResolveDir(cmd.Dir)
	if err != nil {
		return "", err
	}
	return workDir + "/" + strings.ReplaceAll(dir, "\\", "/"), nil
}

// Close ends running commands, whose Exec returns an ErrUnavailable, and
// removes the container and those whose removal failed before. A further call
// tries again what failed.
func (e *Executor) Close(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	all := slices.Clone(e.left)
	if e.current != nil {
		all = append(all, e.current)
	}
	e.mu.Unlock()
	e.end()
	done := make(chan error, 1)
	go func() { // ends by itself: all that it waits for has a timeout
		var errs []error
		for _, s := range all {
			<-s.ready
			errs = append(errs, s.remove())
		}
		e.work.Wait()
		done <- errors.Join(append(errs, e.network.close())...)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("close the container of %s: %w", e.ws.Dir(), context.Cause(ctx))
	}
}
