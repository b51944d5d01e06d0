// Package choose decides what commands run in: Docker if it can be used, else
// local commands in the strongest sandbox of this machine. It uses no sandbox
// only with the user's explicit consent. A choice is never weaker than the user
// required, and says why it is not the strongest one.
//
// The package must not know of settings files, sessions or tools.
package choose

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/local"
)

// Bounds of requests to the Docker daemon that are not part of a command.
const (
	probeTimeout = 2 * time.Second
	reapTimeout  = 10 * time.Second
)

// Options are what the user has set. The zero value allows any kind of runtime that
// confines commands, but Docker needs an Image.
type Options struct {
	Kind    string // runtime.KindDocker or KindLocal; "" is Docker where it can be used, else local
	Sandbox string // runtime.SandboxNone is the consent to local commands without a sandbox; else ""
	Require string // runtime.SandboxStrong refuses anything below; a choice is never below SandboxMedium anyway

	Image string // for containers
	Pull  string // docker.PullNever (default) or docker.PullMissing

	Network    runtime.Network // hosts that commands may reach
	ReadPaths  []string        // see local.Options
	WritePaths []string        // see local.Options

	Log *zap.Logger // nil logs nothing
}

// Choice is the sandbox that commands run in on this machine.
type Choice struct {
	Kind    string // runtime.KindDocker or KindLocal
	Sandbox string // runtime.SandboxContainer for Docker, else the level of local commands
	Reason  string // why nothing stronger was chosen
}

// Chooser makes a choice once, and executors by that choice. It is safe for
// concurrent use; Close ends it.
type Chooser struct {
	opts   Options
	probes probes

	life    context.Context // ends with Close
	stop    context.CancelFunc
	reaping sync.WaitGroup

	mu     sync.Mutex     // guards the fields below
	client *docker.Client // nil before the first use of Docker
	choice *Choice        // nil before the first successful choice
}

// New returns a Chooser that has not probed the machine yet.
func New(opts Options) *Chooser {
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	life, stop := context.WithCancel(context.Background())
	c := &Chooser{opts: opts, life: life, stop: stop}
	c.probes = probes{docker: c.probeDocker, foresee: c.foresee, local: local.Probe}
	return c
}

// Choose decides at the first successful call. It does not keep a failure,
// because the user may start the daemon later.
func (c *Chooser) Choose(ctx context.Context) (Choice, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.choice != nil {
		return *c.choice, nil
	}
	choice, err := decide(ctx, c.opts, c.probes)
	if err != nil {
		return Choice{}, err
	}
	c.choice = &choice
	if choice.Kind == runtime.KindDocker {
		c.reap(c.client)
	}
	c.opts.Log.Info("runtime", zap.String("kind", choice.Kind), zap.String("level", choice.Sandbox), zap.String("reason", choice.Reason))
	return choice, nil
}

// Info returns what the executors will report, before there is one. When no
// command can run, its Reason says why.
func (c *Chooser) Info(ctx context.Context) runtime.Info {
	choice, err := c.Choose(ctx)
	if err != nil {
		return runtime.Info{Kind: runtime.KindLocal, Sandbox: runtime.SandboxNone, Network: runtime.NetworkNone, Reason: "commands cannot run: " + err.Error()}
	}
	info := runtime.Info{Kind: choice.Kind, Sandbox: choice.Sandbox, Reason: choice.Reason}
	if choice.Kind == runtime.KindDocker {
		info.Image, info.Network = c.opts.Image, c.opts.Network.Name()
	} else {
		info.Network = local.NetworkAt(choice.Sandbox, c.opts.Network)
	}
	return info
}

// Check returns a *runtime.InvalidError for field when kind is not the chosen
// kind of runtime. The kind "" is always accepted.
func (c *Chooser) Check(ctx context.Context, field, kind string) error {
	if kind == "" {
		return nil
	}
	if has := c.Info(ctx).Kind; kind != has {
		return &runtime.InvalidError{
			Field:  field,
			Reason: fmt.Sprintf("%q: this server runs commands in %q; start it with --docker or --no-docker", kind, has),
		}
	}
	return nil
}

// Close waits until the removal of old containers has ended and closes the
// connection to the daemon.
func (c *Chooser) Close() error {
	c.stop()
	c.reaping.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		return nil
	}
	return c.client.Close()
}
