package main

import (
	"context"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
)

// noModel says which setting turns need: a key, or a model server on this machine. It names
// the running servers.
func noModel(ctx context.Context, candidates []localserver.Candidate) error {
	return fmt.Errorf("%w: %s; `pygent demo` works without a model", agent.ErrAuthRequired, offer(localserver.Find(ctx, candidates)))
}

// offer says how to set an endpoint.
func offer(servers []localserver.Server) string {
	if len(servers) == 0 {
		return "set OPENAI_API_KEY, or OPENAI_BASE_URL to a local server"
	}
	return fmt.Sprintf("%s answers on this machine: set %s, or set OPENAI_API_KEY", servers[0].Name, servers[0].Setting())
}
