package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/specials"
	"github.com/pygent/pygent/runtime/supervisor"
)

const (
	startTimeout  = 60 * time.Second // for create, attach and start together
	removeTimeout = 10 * time.Second
	statePoll     = 20 * time.Millisecond
)

// Errors for a container that was changed from outside.
var (
	errGone   = errors.New("the container is gone: it was removed or stopped, or the Docker daemon was restarted")
	errPaused = errors.New("the container was paused by hand")
)

// sandbox is one container and its states:
//
//	made ──start──▶ ready ──remove──▶ gone
//	  └───────────── failed start ──────▲
type sandbox struct {
	client *Client
	log    *zap.Logger
	gate   gate // for commands that are execs

	ready     chan struct{} // closed when start has ended; the fields below are set then
	err       error         // why the start failed
	unremoved bool          // the container of a failed start was not removed
	asked     bool          // a container of this name may exist
	plan      plan
	name      string
	id        string
	stdin     types.HijackedResponse // PID 1 ends when it is closed
	has       runtime.Limits
	tree      *tree // the copied files; nil when the workspace is mounted
	git       gitguard.Guard
	masked    *specials.Guard // nil when files are copied

	sup      *supervisor.Client // nil when commands are execs
	said     diagnostics        // the supervisor's stderr
	env      []string           // of the supervisor's commands
	oomKills atomic.Int64       // at the last check
	why      atomic.Pointer[error]

	work  sync.WaitGroup // goroutines that read PID 1's streams
	gone  chan struct{}  // closed when removal begins: commands inside end
	users int            // calls of Exec that use it; the executor's mu guards it
	idle  chan struct{}  // closed when users is 0; nil when nobody waits

	remove func() error // shared by all callers; retried until it succeeds
}

func newSandbox(o Options) *sandbox {
	s := &sandbox{client: o.Client, log: o.Log, ready: make(chan struct{}), gone: make(chan struct{})}
	leave := sync.OnceFunc(func() { close(s.gone) })
	s.remove = untilNil(func() error {
		leave()
		return s.drop()
	})
	return s
}

// untilNil makes f safe for concurrent use, and calls it until it succeeds once.
func untilNil(f func() error) func() error {
	var mu sync.Mutex
	done := false
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return nil
		}
		err := f()
		done = err == nil
		return err
	}
}

// start creates and starts the hardened container and closes ready. If a plan
// fails, it tries the next one. It removes the container of a failed start.
func (s *sandbox) start(ctx context.Context, o Options, ws *runtime.Workspace) {
	defer close(s.ready)
	if s.err = s.client.provide(ctx, o); s.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if s.plan, s.err = s.client.plan(ctx, o); s.err != nil {
		return
	}
	s.plan, o.link = s.plan.link(o.Supervisor)
	for tries := 0; ; tries++ {
		began := time.Now()
		s.err = s.try(ctx, o, ws)
		if s.err == nil {
			if tries > 0 {
				s.client.remember(o, s.plan)
			}
			s.log.Info("container started", zap.String("id", s.id), zap.String("image", o.Image),
				zap.String("reason", s.plan.reason()), zap.Duration("took", time.Since(began)))
			return
		}
		next, ok := s.plan.after(o, s.err)
		if err := s.drop(); err != nil || !ok || ctx.Err() != nil {
			s.unremoved = err != nil
			s.err = errors.Join(s.err, err)
			return
		}
		s.plan = next
	}
}

// try makes one container by s.plan.
func (s *sandbox) try(ctx context.Context, o Options, ws *runtime.Workspace) error {
	s.stdin, s.tree, s.sup, s.asked = types.HijackedResponse{}, nil, nil, false // from an earlier try
	if err := errors.Join(s.plan.checkNetwork(o), s.plan.checkFilter(o)); err != nil {
		return err
	}
	if o.ReadOnly && s.plan.noMount != "" {
		return fmt.Errorf("%w: a read-only view of the workspace needs its mount: %s", runtime.ErrUnavailable, s.plan.noMount)
	}
	s.name = fmt.Sprintf("pygent-%.8s-%.12s", strings.ToLower(o.Instance), strings.ToLower(randomID()))
	s.log = o.Log.With(zap.String("container", s.name))
	if err := s.create(ctx, o, ws.Dir()); err != nil {
		return err
	}
	if s.plan.noMount != "" {
		var err error
		if s.tree, err = newTree(s, o, ws); err != nil {
			return err
		}
	}
	return s.run(ctx, o)
}

func (s *sandbox) create(ctx context.Context, o Options, dir string) error {
	m, err := s.client.look(ctx)
	if err != nil {
		return err
	}
	s.release()
	mounted := s.plan.noMount == "" && !o.ReadOnly
	if s.git, err = gitguard.Prepare(dir, gitguard.Options{Placeholders: mounted}); err != nil {
		return fmt.Errorf("%w: %w", runtime.ErrUnavailable, err)
	}
	s.masked = findMasked(s.plan, dir)
	// Do not cancel this call when ctx ends: the daemon continues a cancelled
	// call, and would make the container after we have removed it.
	through, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	host := hostConfig(o, s.plan, dir, s.git, m.cpus)
	config := containerConfig(o, s.plan)
	if s.git.Stages() {
		config.Env = slices.Insert(config.Env, 0, gitguard.GoFlags)
	}
	host.Mounts = append(host.Mounts, masks(s.masked, dir)...)
	made, err := s.client.api.ContainerCreate(through, config, host, nil, nil, s.name)
	s.asked = !client.IsErrConnectionFailed(err)
	switch {
	case notFound(err):
		return missingImage(o.Image, err)
	case err != nil:
		return s.client.explain("create a container of "+o.Image, err)
	}
	for _, warning := range made.Warnings {
		s.log.Warn("Docker weakens the sandbox", zap.String("warning", warning))
	}
	s.id = made.ID
	return context.Cause(ctx)
}

// run attaches PID 1's streams before it starts the container, so that PID 1
// can at no time outlive this process.
func (s *sandbox) run(ctx context.Context, o Options) error {
	api, supervised := s.client.api, s.plan.noSupervisor == ""
	if supervised && s.tree != nil {
		if err := s.tree.sendProgram(ctx, o); err != nil {
			return &supervisorError{err}
		}
	}
	inspected := make(chan error, 1)
	s.work.Go(func() { inspected <- s.inspect(ctx, o) })
	conn, err := api.ContainerAttach(ctx, s.id, container.AttachOptions{Stream: true, Stdin: true, Stdout: supervised, Stderr: supervised})
	s.stdin = conn
	if err := errors.Join(err, <-inspected); err != nil {
		return s.client.explain("hold the container's streams", err)
	}
	if supervised {
		s.connect(conn)
	}
	err = api.ContainerStart(ctx, s.id, container.StartOptions{})
	switch {
	case err == nil && supervised:
		return s.await(ctx)
	case err == nil:
		return nil
	}
	err = s.client.explain("start a container", err)
	if supervised && ctx.Err() == nil && !client.IsErrConnectionFailed(err) {
		return &supervisorError{err}
	}
	return err
}

// drop kills the container, and returns when the daemon does not know it any
// more.
func (s *sandbox) drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	if s.sup != nil {
		_ = s.sup.Close() // which ends its commands at once
	}
	if s.stdin.Conn != nil {
		defer s.stdin.Close()
	}
	defer s.work.Wait()
	if !s.asked {
		s.release()
		return nil
	}
	api := s.client.api
	err := api.ContainerRemove(ctx, s.name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	for err == nil || conflict(err) { // conflict: AutoRemove is removing it
		_, err = api.ContainerInspect(ctx, s.name)
		if err == nil {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-time.After(statePoll):
			}
		}
	}
	if notFound(err) {
		s.release()
		return nil
	}
	return s.client.explain("remove container "+s.name, err)
}

// release releases the guard of .git. No command runs any more.
func (s *sandbox) release() {
	for _, n := range s.git.Release() {
		s.log.Warn("a command made what git on the host would run", zap.String("notice", n))
	}
}
