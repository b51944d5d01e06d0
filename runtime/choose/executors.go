package choose

import (
	"context"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/docker"
	"github.com/pygent/pygent/runtime/local"
)

// Executors are the executors of one runtime.
type Executors struct {
	Commands runtime.Executor
	View     runtime.Executor // with the workspace read-only; nil where the sandbox cannot enforce that
	Choice   Choice
}

// Executors makes the executors for a workspace.
func (c *Chooser) Executors(ctx context.Context, ws *runtime.Workspace) (Executors, error) {
	choice, err := c.Choose(ctx)
	if err != nil {
		return Executors{}, err
	}
	e := Executors{Commands: c.executor(ws, choice, false), Choice: choice}
	if choice.Kind == runtime.KindDocker || choice.Sandbox == runtime.SandboxStrong {
		e.View = c.executor(ws, choice, true)
	}
	return e, nil
}

func (c *Chooser) executor(ws *runtime.Workspace, choice Choice, readOnly bool) runtime.Executor {
	if choice.Kind == runtime.KindDocker {
		return docker.New(ws, docker.Options{
			Client: c.client, Image: c.opts.Image, Log: c.opts.Log, Network: c.opts.Network, ReadOnly: readOnly, Reason: choice.Reason,
			NeedFilter: c.opts.Require == runtime.SandboxStrong,
			Pull:       c.opts.Pull, Progress: func(line string) { c.opts.Log.Warn("docker: " + line) }, // on stderr, because a pull takes long
		})
	}
	return local.New(ws, local.Options{
		Level: choice.Sandbox, Reason: choice.Reason, Network: c.opts.Network, ReadPaths: c.opts.ReadPaths, WritePaths: c.opts.WritePaths, ReadOnly: readOnly,
	})
}
