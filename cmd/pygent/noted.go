package main

import (
	"context"
	"io"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
)

// noted is an executor that records running commands for the next server. It also reports
// what the commands of a killed server have left.
type noted struct {
	runtime.Executor
	left    *leftovers
	dir     string // the workspace
	sandbox string
}

func (n noted) Exec(ctx context.Context, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	gitguard.Tell(out, n.left.take(n.dir))
	defer n.left.begin(n.dir, n.sandbox)()
	return n.Executor.Exec(ctx, cmd, out)
}

// begin records a running command until end is called. It records nothing without a sandbox,
// because then commands can do everything that the user can, and nothing is undone.
func (l *leftovers) begin(dir, sandbox string) (end func()) {
	if l.record == nil || sandbox == runtime.SandboxNone {
		return func() {}
	}
	end, err := l.record.Begin(dir, sandbox)
	if err != nil {
		l.log.Info("cannot record that commands run", zap.Error(err))
	}
	return end
}

// tell stores notices for the next command in a workspace.
func (l *leftovers) tell(dir string, notices []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notices[dir] = append(l.notices[dir], notices...)
}

// take returns the notices for a workspace, once.
func (l *leftovers) take(dir string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	notices := l.notices[dir]
	delete(l.notices, dir)
	return notices
}
