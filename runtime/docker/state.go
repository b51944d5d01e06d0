package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
)

// inspect reads back the settings of a created container.
func (s *sandbox) inspect(ctx context.Context, o Options) error {
	info, err := s.client.api.ContainerInspect(ctx, s.id)
	if err != nil {
		return fmt.Errorf("inspect the container: %w", err)
	}
	s.has, s.env = limitsOf(info.HostConfig), commandEnv(info.Config.Env)
	if s.plan.noSupervisor != "" || o.link.loader == "" {
		return nil
	}
	image, err := s.client.api.ImageInspect(ctx, o.Image)
	if err != nil {
		return fmt.Errorf("inspect the image: %w", err)
	}
	var theirs []string
	if image.Config != nil {
		theirs = image.Config.Env
	}
	s.env = restore(s.env, theirs, o.Env)
	return nil
}

// limitsOf returns the limits that the daemon really set: it zeroes those that
// its kernel lacks.
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

// state returns nil while commands can run inside, else errGone, errPaused, or
// an ErrUnavailable when the daemon does not answer.
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

// look returns an error if the container was paused or is gone. It ignores a
// daemon that is slow or down, which the stream shows.
func (s *sandbox) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, inspectTimeout)
	defer cancel()
	if err := s.state(ctx); isLoss(err) {
		return err
	}
	return nil
}
