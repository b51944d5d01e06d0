package choose

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/local"
)

// probes are the functions by which a decision examines the machine.
type probes struct {
	docker  func(context.Context) error           // nil: containers of the image can run
	foresee func(context.Context) (reason string) // why containers will be weaker than they could be
	local   func(context.Context) local.Report
}

// decide prefers Docker unless the user has chosen a kind.
func decide(ctx context.Context, opts Options, ask probes) (Choice, error) {
	if opts.Kind == runtime.KindLocal {
		return decideLocal(ctx, opts, ask, "local commands were asked for")
	}
	err := ask.docker(ctx)
	if opts.Pull == docker.PullMissing && errors.Is(err, docker.ErrNoImage) {
		err = nil // the first command pulls it
	}
	switch {
	case err == nil:
		return Choice{Kind: runtime.KindDocker, Sandbox: runtime.SandboxContainer, Reason: ask.foresee(ctx)}, nil
	case opts.Kind == runtime.KindDocker:
		return Choice{}, err
	default:
		return decideLocal(ctx, opts, ask, err.Error())
	}
}

// decideLocal chooses the strongest sandbox of this machine, or none if the
// user has consented to that. why says why it is not Docker.
func decideLocal(ctx context.Context, opts Options, ask probes, why string) (Choice, error) {
	choice := Choice{Kind: runtime.KindLocal, Sandbox: opts.Sandbox, Reason: why}
	if choice.Sandbox != "" {
		return choice, nil
	}
	report := ask.local(ctx)
	choice.Sandbox = report.Level
	switch {
	case report.Level == runtime.SandboxNone:
		return Choice{}, fmt.Errorf("%w: %s; local commands have no sandbox here: %s; allow that with --sandbox=none", runtime.ErrUnavailable, why, report.Summary())
	case opts.Require == runtime.SandboxStrong && report.Level != runtime.SandboxStrong:
		return Choice{}, fmt.Errorf("%w: %s; this machine gives sandbox %s and require_sandbox demands strong: %s", runtime.ErrUnavailable, why, report.Level, report.Summary())
	}
	return choice, nil
}
