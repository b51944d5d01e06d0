package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/tools"
	"github.com/pygent/pygent/tools/files"
	"github.com/pygent/pygent/tools/output"
)

// Tools makes the tools of a trial: the program's own, without those that delegate.
func Tools() (*tools.Registry, error) {
	return tools.NewRegistry(
		tools.Bash(),
		tools.JobOutput(),
		tools.JobInput(),
		tools.JobKill(),
		tools.ReadFile(),
		tools.Glob(),
		tools.Grep(),
		tools.EditFile(),
		tools.ApplyPatch(),
		tools.WriteFile(),
		tools.DownloadFile(),
		tools.ViewImage(),
		tools.UpdatePlan(),
		tools.AskUser(),
		tools.Stop(),
	)
}

// Executor makes what runs the commands of a workspace.
type Executor func(ctx context.Context, ws *runtime.Workspace) (runtime.Executor, error)

// Unconfined runs commands without a sandbox: for scripted models alone.
func Unconfined(_ context.Context, ws *runtime.Workspace) (runtime.Executor, error) {
	return local.New(ws, local.Options{Level: runtime.SandboxNone}), nil
}

// place is a temporary workspace with a tree in it.
type place struct {
	rt     *runtime.Runtime
	beside string // a directory beside the workspace, for what is kept
}

// newPlace makes a workspace and writes t into it.
func newPlace(ctx context.Context, t tree, commands Executor) (*place, error) {
	beside, err := os.MkdirTemp("", "pygent-trial-")
	if err != nil {
		return nil, err
	}
	p := &place{beside: beside}
	ws, err := openPlace(filepath.Join(beside, "workspace"), t)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(beside))
	}
	executor, err := commands(ctx, ws)
	if err != nil {
		return nil, errors.Join(err, ws.Close(), os.RemoveAll(beside))
	}
	p.rt = runtime.New(ws, executor, runtime.Options{})
	return p, nil
}

func openPlace(dir string, t tree) (*runtime.Workspace, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := t.write(dir); err != nil {
		return nil, err
	}
	return runtime.OpenWorkspace(dir, runtime.OpenOptions{})
}

// dir is the workspace's directory.
func (p *place) dir() string { return p.rt.Workspace().Dir() }

// env is the environment of a call, with a memory of its own.
func (p *place) env() tools.Env {
	return tools.Env{
		Runtime: p.rt,
		Mode:    "auto",
		Alone:   true,
		Files:   files.New(),
		Kept:    output.NewStore(filepath.Join(p.beside, "outputs")),
	}
}

// journal makes the journal of a session, beside which long results are kept.
func (p *place) journal(id string) (*journal.Journal, error) {
	return journal.NewStore(filepath.Join(p.beside, "sessions")).Create(journal.Header{SessionID: id, CreatedAt: time.Now(), Root: p.dir(), Temporary: true})
}

// strays names what was written beside the workspace, where no tool may write.
func (p *place) strays() error {
	entries, err := os.ReadDir(p.beside)
	for _, e := range entries {
		if e.Name() != "workspace" && e.Name() != "outputs" {
			err = errors.Join(err, fmt.Errorf("%s was written outside of the workspace", e.Name()))
		}
	}
	return err
}

// close removes everything.
func (p *place) close(ctx context.Context) error {
	return errors.Join(p.rt.Cleanup(ctx), os.RemoveAll(p.beside))
}
