package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/local"
)

// Bounds of what is asked of the Docker daemon beside the work.
const (
	probeTimeout = 2 * time.Second
	reapTimeout  = 10 * time.Second
)

// runtimes makes runtimes of the kind that the settings and the machine allow:
// Docker where it is there, else local commands, but those unconfined only with
// the user's explicit consent. Nothing is ever silently weaker.
type runtimes struct {
	cfg  config.Config
	log  *zap.Logger
	left *leftovers

	life    context.Context // ends with close
	stop    context.CancelFunc
	reaping sync.WaitGroup

	mu     sync.Mutex
	client *docker.Client // nil before it was needed
	choice *choice        // nil before it was made; a failure is not kept
}

// choice is the kind of runtime that this machine gives.
type choice struct {
	kind   string
	level  string // of the sandbox of local commands
	reason string // why it is not Docker
}

func newRuntimes(cfg config.Config, log *zap.Logger, left *leftovers) *runtimes {
	life, stop := context.WithCancel(context.Background())
	return &runtimes{cfg: cfg, log: log, left: left, life: life, stop: stop}
}

// make gives a runtime for ws and takes ws over, also when it fails.
func (r *runtimes) make(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
	rt, err := r.in(ctx, ws)
	if err != nil {
		return nil, errors.Join(err, ws.Close())
	}
	r.left.note(ws)
	return rt, nil
}

// in gives a further runtime for ws, after the one before was stopped. It takes ws
// over when it does not fail.
func (r *runtimes) in(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
	c, err := r.choose(ctx)
	if err != nil {
		return nil, err
	}
	opts := runtime.Options{}
	if c.kind == config.RuntimeDocker || c.level == runtime.SandboxStrong {
		opts.View = r.executor(ws, c, true)
	}
	return runtime.New(ws, r.executor(ws, c, false), opts), nil
}

// executor is that of a runtime or, readOnly, of its view for mode plan.
func (r *runtimes) executor(ws *runtime.Workspace, c choice, readOnly bool) runtime.Executor {
	if c.kind == config.RuntimeDocker {
		return docker.New(ws, docker.Options{
			Client: r.client, Image: r.cfg.Image, Log: r.log, Network: r.network(), ReadOnly: readOnly,
			Pull: r.cfg.Pull, Progress: func(line string) { r.log.Warn("docker: " + line) }, // seen on stderr: a pull takes long
		})
	}
	return local.New(ws, local.Options{
		Level: c.level, Reason: c.reason, Network: r.network(), ReadPaths: r.cfg.SandboxRead, WritePaths: r.cfg.SandboxWrite, ReadOnly: readOnly,
	})
}

// info is what make would give, for the handshake. It probes at the most once
// with success, and names the cause where nothing can run.
func (r *runtimes) info(ctx context.Context) runtime.Info {
	c, err := r.choose(ctx)
	switch {
	case err != nil:
		return runtime.Info{Kind: runtime.KindLocal, Sandbox: runtime.SandboxNone, Network: runtime.NetworkNone, Reason: "commands cannot run: " + err.Error()}
	case c.kind == config.RuntimeDocker:
		return runtime.Info{Kind: runtime.KindDocker, Sandbox: runtime.SandboxContainer, Image: r.cfg.Image, Network: r.network().Name()}
	default:
		return runtime.Info{Kind: runtime.KindLocal, Sandbox: c.level, Reason: c.reason, Network: local.NetworkAt(c.level, r.network())}
	}
}

// check refuses another kind of runtime than this server gives; "" is any.
func (r *runtimes) check(ctx context.Context, field, kind string) error {
	if kind == "" {
		return nil
	}
	if has := r.info(ctx).Kind; kind != has {
		return &runtime.InvalidError{
			Field:  field,
			Reason: fmt.Sprintf("%q: this server runs commands in %q; start it with --docker or --no-docker", kind, has),
		}
	}
	return nil
}

// network is what commands shall reach.
func (r *runtimes) network() runtime.Network {
	return runtime.Network{Full: r.cfg.Network == config.NetworkFull, Allow: r.cfg.NetworkAllow}
}

// choose decides once; a failure is tried again with the next use, because the
// user may have started the daemon meanwhile.
func (r *runtimes) choose(ctx context.Context) (choice, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.choice != nil {
		return *r.choice, nil
	}
	c, err := r.decide(ctx)
	if err != nil {
		return choice{}, err
	}
	r.choice = &c
	if c.kind == config.RuntimeDocker {
		r.reap(r.client)
	}
	r.log.Info("runtime", zap.String("kind", c.kind), zap.String("level", c.level), zap.String("reason", c.reason))
	return c, nil
}

func (r *runtimes) decide(ctx context.Context) (choice, error) {
	if r.cfg.Runtime == config.RuntimeLocal {
		return r.sandbox(ctx, "local commands were asked for")
	}
	err := r.probe(ctx)
	if r.cfg.Pull == config.PullMissing && errors.Is(err, docker.ErrNoImage) {
		err = nil // the first command pulls it
	}
	switch {
	case err == nil:
		return choice{kind: config.RuntimeDocker}, nil
	case r.cfg.Runtime == config.RuntimeDocker:
		return choice{}, err
	default:
		return r.sandbox(ctx, err.Error())
	}
}

// sandbox chooses local commands at the strongest level there is; at level none
// only when the user has allowed it.
func (r *runtimes) sandbox(ctx context.Context, why string) (choice, error) {
	c := choice{kind: config.RuntimeLocal, level: r.cfg.Sandbox, reason: why}
	if c.level != "" {
		return c, nil
	}
	report := local.Probe(ctx)
	if c.level = report.Level; c.level == runtime.SandboxNone {
		return choice{}, fmt.Errorf("%w: %s; local commands have no sandbox here: %s; allow that with --sandbox=none", runtime.ErrUnavailable, why, report.Summary())
	}
	if r.cfg.RequireSandbox == runtime.SandboxStrong && c.level != runtime.SandboxStrong {
		return choice{}, fmt.Errorf("%w: %s; this machine gives sandbox %s and require_sandbox demands strong: %s", runtime.ErrUnavailable, why, c.level, report.Summary())
	}
	return c, nil
}

func (r *runtimes) probe(ctx context.Context) error {
	if r.client == nil {
		client, err := docker.Connect()
		if err != nil {
			return err
		}
		r.client = client
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return r.client.Probe(ctx, r.cfg.Image)
}

// reap removes what servers left behind that were killed, beside the work.
func (r *runtimes) reap(client *docker.Client) {
	r.reaping.Go(func() {
		ctx, cancel := context.WithTimeout(r.life, reapTimeout)
		defer cancel()
		n, err := client.Reap(ctx)
		if err != nil && r.life.Err() == nil {
			r.log.Warn("containers of dead servers", zap.Error(err))
		}
		if n > 0 {
			r.log.Info("containers of dead servers removed", zap.Int("count", n))
		}
	})
}

func (r *runtimes) close() error {
	r.stop()
	r.reaping.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.client == nil {
		return nil
	}
	return r.client.Close()
}
