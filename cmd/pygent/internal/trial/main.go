// Command trial runs the jobs of package agent/trial with a real model and prints how each
// went. `make trial` runs it in the repository's root. The endpoint and the sandbox are
// those of the user's settings; a workspace's settings do not count.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path"

	"github.com/pygent/pygent/agent/openai"
	"github.com/pygent/pygent/agent/trial"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/choose"
	"github.com/pygent/pygent/runtime/local"
)

func main() {
	local.RunIfChild()
	log.SetFlags(0)
	dir := flag.String("dir", "agent/trial/testdata/jobs", "directory of the jobs")
	only := flag.String("jobs", "*", "names of the jobs to run, as a pattern")
	steps := flag.Int("steps", 30, "largest number of model rounds of a job")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, config.Sources{UserFile: config.UserFile(), Environ: os.Environ()}, *dir, *only, *steps)
	stop()
	if err != nil {
		log.Fatal("trial: ", err)
	}
}

// run runs the jobs of dir whose names match only. Its error says also that jobs failed.
func run(ctx context.Context, out io.Writer, src config.Sources, dir, only string, steps int) error {
	cfg, err := config.Load(src)
	if err != nil {
		return err
	}
	if cfg.APIKey == "" && cfg.BaseURL == "" {
		return errors.New("no endpoint is set: set OPENAI_API_KEY, or OPENAI_BASE_URL to a local server (and PYGENT_MODEL to the model's name); `go test ./agent/trial -v` runs the same jobs with scripted models")
	}
	jobs, err := choice(dir, only)
	if err != nil {
		return err
	}
	local.HideEnvironment("OPENAI_API_KEY")
	model, err := openai.New(openai.Options{BaseURL: cfg.BaseURL, APIKey: cfg.APIKey, Model: cfg.Model, IdleTimeout: config.Seconds(cfg.ModelIdleTimeout)})
	if err != nil {
		return err
	}
	defer model.Close()
	sandboxes := newChooser(cfg)
	executor := func(ctx context.Context, ws *runtime.Workspace) (runtime.Executor, error) {
		e, err := sandboxes.Executors(ctx, ws)
		return e.Commands, err
	}
	opts := trial.Options{
		Model: model, Name: cfg.Model, Executor: executor, MaxSteps: steps,
		Consent: cfg.Sandbox == runtime.SandboxNone && cfg.Mode == config.ModeAuto, // as in the program
	}
	var reports []trial.Report
	for i, j := range jobs {
		fmt.Fprintf(out, "%d/%d %s: %s\n", i+1, len(jobs), j.Name, j.Title)
		reports = append(reports, j.Run(ctx, opts))
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(out, "\nmodel %s\n%s", cfg.Model, trial.Table(reports))
	return errors.Join(failed(reports), sandboxes.Close(), ctx.Err())
}

// choice reads the jobs whose names match only.
func choice(dir, only string) (list []*trial.Job, err error) {
	all, err := trial.Jobs(dir)
	if err != nil {
		return nil, err
	}
	for _, j := range all {
		ok, err := path.Match(only, j.Name)
		if err != nil {
			return nil, fmt.Errorf("-jobs %s: %w", only, err)
		}
		if ok {
			list = append(list, j)
		}
	}
	if list == nil {
		return nil, fmt.Errorf("no job of %s is named %s", dir, only)
	}
	return list, nil
}

// newChooser chooses the sandbox as the program does.
func newChooser(cfg config.Config) *choose.Chooser {
	kind := cfg.Runtime
	if kind == config.RuntimeAuto {
		kind = ""
	}
	return choose.New(choose.Options{
		Kind: kind, Sandbox: cfg.Sandbox, Require: cfg.RequireSandbox, Image: cfg.Image, Pull: cfg.Pull,
		ReadPaths: cfg.SandboxRead, WritePaths: cfg.SandboxWrite,
	})
}

func failed(reports []trial.Report) error {
	n := 0
	for _, r := range reports {
		if r.Err != nil {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d jobs failed", n, len(reports))
}
