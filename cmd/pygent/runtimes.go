package main

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/choose"
)

// runtimes makes runtimes of the kind that choose.Chooser chooses, and records their
// workspaces.
type runtimes struct {
	*choose.Chooser
	left *leftovers
}

func newRuntimes(cfg config.Config, log *zap.Logger, left *leftovers) *runtimes {
	return &runtimes{choose.New(chooseOptions(cfg, log)), left}
}

// chooseOptions converts the settings to the options of package choose.
func chooseOptions(cfg config.Config, log *zap.Logger) choose.Options {
	kind := cfg.Runtime
	if kind == config.RuntimeAuto {
		kind = ""
	}
	return choose.Options{
		Kind: kind, Sandbox: cfg.Sandbox, Require: cfg.RequireSandbox,
		Image: cfg.Image, Pull: cfg.Pull,
		Network:   runtime.Network{Full: cfg.Network == config.NetworkFull, Allow: cfg.NetworkAllow},
		ReadPaths: cfg.SandboxRead, WritePaths: cfg.SandboxWrite,
		Log: log,
	}
}

// make makes a runtime for ws. It takes ownership of ws, also when it fails.
func (r *runtimes) make(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
	rt, err := r.in(ctx, ws)
	if err != nil {
		return nil, errors.Join(err, ws.Close())
	}
	r.left.note(ws)
	return rt, nil
}

// in makes another runtime for ws after the earlier one was stopped. It takes ownership of ws
// unless it fails.
func (r *runtimes) in(ctx context.Context, ws *runtime.Workspace) (*runtime.Runtime, error) {
	e, err := r.Executors(ctx, ws)
	if err != nil {
		return nil, err
	}
	return runtime.New(ws, noted{e.Commands, r.left, ws.Dir(), e.Choice.Sandbox}, runtime.Options{View: e.View}), nil
}
