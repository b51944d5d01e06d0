package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/pygent/pygent/runtime"
)

// Client is a connection to one Docker daemon. A process makes one and shares
// it between all executors; it is safe for concurrent use.
type Client struct {
	api *client.Client

	mu      sync.Mutex
	machine machine          // the daemon's; zero before the first request for it
	plans   map[planKey]plan // the plans that worked for earlier containers
}

// Connect makes a client for the daemon that DOCKER_HOST and related variables
// name, else for the system's default socket. It does not use the network: the
// first request negotiates the API version, and Probe finds a daemon that is
// down. It fails only for a malformed setting.
func Connect() (*Client, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, fmt.Errorf("%w: Docker's settings (DOCKER_HOST, DOCKER_CERT_PATH, DOCKER_TLS_VERIFY): %w", runtime.ErrUnavailable, err)
	}
	return &Client{api: api}, nil
}

// Close releases idle connections. Executors that use the client must be
// closed before.
func (c *Client) Close() error { return c.api.Close() }

// explain wraps err as an ErrUnavailable that names what was being done, the
// cause and the remedy. errors.Is still finds the end of a ctx.
func (c *Client) explain(doing string, err error) error {
	host := c.api.DaemonHost()
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: no permission to use the Docker daemon at %s: add your user to its group (usermod -aG docker $USER, then log in again): %w", runtime.ErrUnavailable, host, err)
	case client.IsErrConnectionFailed(err):
		return fmt.Errorf("%w: no Docker daemon answers at %s: start it (systemctl start docker) or set DOCKER_HOST: %w", runtime.ErrUnavailable, host, err)
	default:
		return fmt.Errorf("%w: %s: Docker daemon at %s: %w", runtime.ErrUnavailable, doing, host, err)
	}
}

// machine describes the machine that the daemon runs on.
type machine struct {
	cpus     int
	platform string // such as "linux/amd64", with Go's names
}

// look requests the description of the daemon's machine, once.
func (c *Client) look(ctx context.Context) (machine, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.machine.cpus > 0 {
		return c.machine, nil
	}
	info, err := c.api.Info(ctx)
	if err != nil {
		return machine{}, c.explain("ask for the machine", err)
	}
	c.machine = machine{cpus: info.NCPU, platform: info.OSType + "/" + goArch(info.Architecture)}
	return c.machine, nil
}

// goArch converts the kernel's name of an architecture to Go's.
func goArch(name string) string {
	switch name {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "i386", "i686":
		return "386"
	case "armv6l", "armv7l", "armhf":
		return "arm"
	default: // the others are the same
		return name
	}
}

func notFound(err error) bool { return cerrdefs.IsNotFound(err) }

func conflict(err error) bool { return cerrdefs.IsConflict(err) }
