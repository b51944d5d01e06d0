package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/runtime"
)

// Probe asks the daemon whether commands can run in containers of image. Every
// error but the end of ctx wraps runtime.ErrUnavailable and says which of three
// causes it has, with the remedy: no daemon, no permission, no such image.
// Probe does not pull.
func (c *Client) Probe(ctx context.Context, image string) error {
	if image == "" {
		return fmt.Errorf("%w: no Docker image is set", runtime.ErrUnavailable)
	}
	_, err := c.api.ImageInspect(ctx, image)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return fmt.Errorf("probe Docker daemon at %s: %w", c.api.DaemonHost(), context.Cause(ctx))
	case notFound(err):
		return missingImage(image, err)
	default:
		return c.explain("look up image "+image, err)
	}
}

// ErrNoImage says that the image is not on the daemon's machine and could be
// pulled.
var ErrNoImage = errors.New("no such image")

func missingImage(image string, err error) error {
	return fmt.Errorf("%w: %w: %s is not on this machine: run `docker pull %s`, or set pull = \"missing\": %w", runtime.ErrUnavailable, ErrNoImage, image, image, err)
}
