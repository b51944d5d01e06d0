package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
)

// MaxScriptBytes is the longest command, in bytes: Linux takes no longer
// argument, and some of it is ours.
const MaxScriptBytes = 128<<10 - 1 - len(firstVictim)

// maxUnremoved bounds the containers whose removal failed and is tried again by
// Close. A server's Reap finds further ones.
const maxUnremoved = 32

var errGitChanged = errors.New(".git is not any more what it was when the container was made")

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

	mu      sync.Mutex
	closed  bool
	current *sandbox   // nil before the first command and after a loss
	left    []*sandbox // given up, but their removal failed
}

var _ runtime.Executor = (*Executor)(nil)

// New makes an executor for ws. The container is made with the first command.
func New(ws *runtime.Workspace, opts Options) *Executor {
	if opts.Client == nil {
		panic("docker.New: Options.Client is nil; make one with Connect")
	}
	life, end := context.WithCancel(context.Background())
	return &Executor{opts: opts.withDefaults(), ws: ws, life: life, end: end}
}

// Info tells the limits asked for, and once the container runs, those that the
// daemon really set.
func (e *Executor) Info() runtime.Info {
	info := runtime.Info{
		Kind:      runtime.KindDocker,
		Sandbox:   runtime.SandboxContainer,
		Image:     e.opts.Image,
		Network:   e.opts.Network.Name(),
		Workspace: e.ws.Dir(),
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
// begins is replaced; what was in its /tmp and HOME is lost with it. One that
// goes or is paused while the command runs makes an ErrUnavailable, and the
// next command gets a new one. cmd.Dir is checked on the host: the errors are
// those of runtime.Workspace.ResolveDir.
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
		if !fresh && !s.git.holds(e.ws.Dir()) {
			if err := e.replace(ctx, s); err != nil {
				return runtime.Exit{}, err
			}
			continue
		}
		watch := e.network.watch()
		exit, err := e.run(ctx, s, script, dir, out)
		watch.Report(out)
		s.git.disarm(e.ws.Dir(), out, s.log)
		e.release(s)
		var lost *notBegunError
		if errors.As(err, &lost) && !fresh {
			s.log.Warn("container lost before a command; making a new one", zap.Error(err))
			continue
		}
		return exit, err
	}
}

// run runs one command in s, with the files there as they are here, and here as
// the command left them.
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

// check refuses what can never run, and returns the directory as it is called
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

// replace gives up a container whose guard of .git does not hold any more, once
// its commands have ended: while one runs, it could put links where the next
// container's mounts are about to be. It releases s.
func (e *Executor) replace(ctx context.Context, s *sandbox) error {
	e.release(s)
	for {
		e.mu.Lock()
		if s.users == 0 {
			if e.current == s {
				e.current = nil // with the same lock: nobody comes to use it
			}
			e.mu.Unlock()
			e.discard(s, errGitChanged)
			return nil
		}
		if s.idle == nil {
			s.idle = make(chan struct{})
		}
		idle := s.idle
		e.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// release ends the use that acquire began.
func (e *Executor) release(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.users--
	if s.users == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// acquire returns a container that is ready, for the caller to release, and
// whether it was started for this call. The start belongs to the executor, not to ctx: others wait too.
func (e *Executor) acquire(ctx context.Context) (s *sandbox, fresh bool, err error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, false, errClosed
	}
	if e.current == nil {
		fresh = true
		s := newSandbox(e.opts)
		e.current = s
		e.work.Go(func() {
			opts := e.opts
			var err error
			if opts.netDir, err = e.network.provide(opts.Network); err != nil {
				s.err = err
				close(s.ready)
			} else {
				s.start(e.life, opts, e.ws)
			}
			if s.err != nil {
				e.forget(s)
				if s.unremoved {
					e.keep(s)
				}
			}
		})
	}
	s = e.current
	s.users++
	e.mu.Unlock()
	select {
	case <-s.ready:
		err = s.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		e.release(s)
		return nil, false, err
	}
	return s, fresh, nil
}

func (e *Executor) forget(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == s {
		e.current = nil
	}
}

// discard gives a container up, and every process in it. The next command
// starts a new one.
func (e *Executor) discard(s *sandbox, why error) {
	e.forget(s)
	s.log.Warn("container given up", zap.NamedError("why", why))
	if err := s.remove(); err != nil {
		s.log.Error("container not removed", zap.Error(err))
		e.keep(s)
	}
}

// keep remembers a container for Close to remove.
func (e *Executor) keep(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.left, s) && len(e.left) < maxUnremoved {
		e.left = append(e.left, s)
	}
}

// Close ends running commands, whose Exec returns an ErrUnavailable, and
// removes the container, and those whose removal failed before. It can be called
// again, and then tries again what failed.
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
	go func() { // ends by itself: everything it waits for has a timeout
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
