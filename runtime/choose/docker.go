package choose

import (
	"context"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime/docker"
)

// ProbeDocker returns why containers of the image cannot run, as
// docker.Client.Probe does. It does not change the choice.
func (c *Chooser) ProbeDocker(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.probeDocker(ctx)
}

// probeDocker connects to the daemon if there is no connection yet. The caller
// holds mu.
func (c *Chooser) probeDocker(ctx context.Context) error {
	if c.client == nil {
		client, err := docker.Connect()
		if err != nil {
			return err
		}
		c.client = client
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return c.client.Probe(ctx, c.opts.Image)
}

// foresee returns why containers will be weaker than they could be. If the
// daemon does not answer, the first command finds out. The caller holds mu.
func (c *Chooser) foresee(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	why, err := c.client.Foresee(ctx, docker.Options{Client: c.client, Image: c.opts.Image})
	if err != nil {
		c.opts.Log.Warn("what containers will be", zap.Error(err))
	}
	return why
}

// reap removes the containers of servers that were killed, in the background.
func (c *Chooser) reap(client *docker.Client) {
	c.reaping.Go(func() {
		ctx, cancel := context.WithTimeout(c.life, reapTimeout)
		defer cancel()
		n, err := client.Reap(ctx)
		if err != nil && c.life.Err() == nil {
			c.opts.Log.Warn("containers of dead servers", zap.Error(err))
		}
		if n > 0 {
			c.opts.Log.Info("containers of dead servers removed", zap.Int("count", n))
		}
	})
}
