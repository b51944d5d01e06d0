package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
)

const (
	startTimeout  = 60 * time.Second // of create, attach and start together
	removeTimeout = 10 * time.Second
	statePoll     = 20 * time.Millisecond
)

// What a container can have become without us.
var (
	errGone   = errors.New("the container is gone: it was removed or stopped by hand, or the Docker daemon was restarted")
	errPaused = errors.New("the container was paused by hand")
)

// sandbox is one container and its life:
//
//	made ──start──▶ ready ──remove──▶ gone
//	  └───────────── failed start ──────▲
type sandbox struct {
	client *Client
	log    *zap.Logger
	name   string
	gate   gate

	ready     chan struct{} // closed when start has ended; then the following are set
	err       error         // why it failed
	unremoved bool          // what the failed start left is still there
	asked     bool          // a container may be there
	id        string
	stdin     types.HijackedResponse // PID 1 lives as long as it
	has       runtime.Limits
	git       gitGuard

	gone  chan struct{} // closed when removal begins: commands inside give up
	users int           // calls of Exec that use it; the executor's mu guards it
	idle  chan struct{} // closed when there are none; nil when nobody waits for that

	remove func() error // for all callers; until it succeeds
}

func newSandbox(o Options) *sandbox {
	name := fmt.Sprintf("pygent-%.8s-%.12s", strings.ToLower(o.Instance), strings.ToLower(randomID()))
	s := &sandbox{
		client: o.Client, name: name, log: o.Log.With(zap.String("container", name)),
		ready: make(chan struct{}), gone: make(chan struct{}),
	}
	leave := sync.OnceFunc(func() { close(s.gone) })
	s.remove = untilNil(func() error {
		leave()
		return s.removeNow()
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

// start creates and starts the container, in dir's hardened shape, and closes
// ready. What a failed start leaves is removed.
func (s *sandbox) start(ctx context.Context, o Options, dir string) {
	defer close(s.ready)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	began := time.Now()
	if s.err = s.create(ctx, o, dir); s.err == nil {
		s.err = s.run(ctx)
	}
	if s.err != nil {
		err := s.remove()
		s.unremoved = err != nil
		s.err = errors.Join(s.err, err)
		return
	}
	s.log.Info("container started", zap.String("id", s.id), zap.String("image", o.Image), zap.Duration("took", time.Since(began)))
}

func (s *sandbox) create(ctx context.Context, o Options, dir string) error {
	cpus, err := s.client.cpuCount(ctx)
	if err != nil {
		return s.client.explain("ask for the machine's CPUs", err)
	}
	if s.git, err = prepareGit(dir); err != nil {
		return fmt.Errorf("%w: %w", runtime.ErrUnavailable, err)
	}
	// Seen through when ctx ends: the daemon goes on with a call that was broken
	// off, and makes the container after we have removed it.
	createCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	made, err := s.client.api.ContainerCreate(createCtx, containerConfig(o), hostConfig(o, dir, s.git, cpus), nil, nil, s.name)
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
	return nil
}

// run attaches stdin before it starts the container, so that there is no time
// in which PID 1 would outlive us.
func (s *sandbox) run(ctx context.Context) error {
	stdin, err := s.client.api.ContainerAttach(ctx, s.id, container.AttachOptions{Stream: true, Stdin: true})
	if err != nil {
		return s.client.explain("hold the container's stdin", err)
	}
	s.stdin = stdin
	if err := s.client.api.ContainerStart(ctx, s.id, container.StartOptions{}); err != nil {
		return s.client.explain("start a container", err)
	}
	info, err := s.client.api.ContainerInspect(ctx, s.id)
	if err != nil {
		return s.client.explain("inspect the container", err)
	}
	s.has = limitsOf(info.HostConfig)
	return nil
}

// limitsOf reads what the daemon really set: it zeroes what its kernel lacks.
func limitsOf(host *container.HostConfig) runtime.Limits {
	l := runtime.Limits{MemoryBytes: host.Memory, CPUs: float64(host.NanoCPUs) / 1e9}
	if host.PidsLimit != nil && *host.PidsLimit > 0 {
		l.PIDs = *host.PidsLimit
	}
	for _, u := range host.Ulimits {
		if u.Name == "fsize" {
			l.FileBytes = u.Hard
		}
	}
	return l
}

// state is nil while commands can run inside, else errGone, errPaused, or an
// ErrUnavailable when the daemon does not say.
func (s *sandbox) state(ctx context.Context) error {
	info, err := s.client.api.ContainerInspect(ctx, s.id)
	switch {
	case notFound(err):
		return errGone
	case err != nil:
		return s.client.explain("inspect the container", err)
	case info.State.Paused:
		return errPaused
	case !info.State.Running:
		return errGone
	default:
		return nil
	}
}

// removeNow kills the container, and returns when the daemon has forgotten it.
func (s *sandbox) removeNow() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	if s.stdin.Conn != nil {
		defer s.stdin.Close()
	}
	if !s.asked {
		return nil
	}
	api := s.client.api
	err := api.ContainerRemove(ctx, s.name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	for err == nil || conflict(err) { // conflict: AutoRemove is at it
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
		return nil
	}
	return s.client.explain("remove container "+s.name, err)
}
