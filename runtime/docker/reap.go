package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// Reap removes the containers of servers that are provably dead: their process
// is gone, or its PID belongs to another process now, or the machine has
// rebooted since. It leaves all others, and returns how many it removed. A
// server calls it when it starts.
//
// Machines that share a daemon are distinguished by their name and their
// /etc/machine-id. Clones with the same name and id count as one machine, so
// they must not share a daemon.
//
// Containers normally end with the process that made them. Reap finds those
// that were created but never started, or that outlived a fault of the daemon.
func (c *Client) Reap(ctx context.Context) (removed int, err error) {
	list, err := c.api.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", labelApp+"="+appName)),
	})
	if err != nil {
		return 0, c.explain("list containers", err)
	}
	var failures []error
	for _, found := range list {
		if !owner(found.Labels).ProvablyDead() {
			continue
		}
		err := c.api.ContainerRemove(ctx, found.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		switch {
		case err == nil:
			removed++
		case notFound(err), conflict(err): // it is being removed already
		default:
			failures = append(failures, fmt.Errorf("remove container %.12s: %w", found.ID, err))
		}
	}
	if err := errors.Join(failures...); err != nil {
		return removed, c.explain("remove containers of dead servers", err)
	}
	return removed, nil
}
