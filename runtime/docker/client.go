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

	mu   sync.Mutex
	cpus int // of the daemon's machine; 0 before they were asked for
}

// Connect makes a client for the daemon that DOCKER_HOST and its relatives
// name, else for the system's default socket. It does not touch the network:
// the API version is agreed upon with the first request, and a daemon that is
// down shows in Probe. The error is a malformed setting.
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

// explain wraps err, met while doing something, so that it names the cause and
// the cure and is an ErrUnavailable. A ctx that ended stays recognisable.
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

// cpuCount is how many CPUs the daemon's machine has. It is asked for once.
func (c *Client) cpuCount(ctx context.Context) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cpus > 0 {
		return c.cpus, nil
	}
	info, err := c.api.Info(ctx)
	if err != nil {
		return 0, err
	}
	c.cpus = info.NCPU
	return c.cpus, nil
}

func notFound(err error) bool { return cerrdefs.IsNotFound(err) }

func conflict(err error) bool { return cerrdefs.IsConflict(err) }
