package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
)

// inspect reads back what a container that was created will get.
func (s *sandbox) inspect(ctx context.Context) error {
	info, err := s.client.api.ContainerInspect(ctx, s.id)
	if err != nil {
		return fmt.Errorf("inspect the container: %w", err)
	}
	s.has, s.env = limitsOf(info.HostConfig), commandEnv(info.Config.Env)
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

// look finds out that the container was paused or is gone. A daemon that is slow
// or down shows in the stream.
func (s *sandbox) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, inspectTimeout)
	defer cancel()
	if err := s.state(ctx); isLoss(err) {
		return err
	}
	return nil
}
