package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/cmd/pygent/demo"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
)

func demoCommand(std streams, f *flags) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch the agent repair a test: no key, no network, a scripted model",
		Long: `Demo unpacks a small project with a failing test into a temporary workspace and
starts 'pygent serve' on it. Over the protocol it lets the agent repair the
project, delegates a task and collects the task's file. The model's replies are
scripted; tools, files, processes, tasks and protocol are real. It needs no key
and no network, and exits 0 only if the test passes at the end.

Commands run in Docker if the daemon has the image, else locally.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilEnded(cmd.Context(), os.Interrupt)
			defer stop()
			a, err := newApp(f, std, "")
			if err != nil {
				return err
			}
			defer a.close()
			exe, err := os.Executable()
			if err != nil {
				return &exitError{exitFailed, fmt.Errorf("find this program: %w", err)}
			}
			err = demo.Run(ctx, demo.Options{
				Program: exe,
				Flags:   a.demoFlags(ctx, f),
				Keep:    keep,
				Out:     std.out,
				Err:     std.err,
			})
			switch {
			case err == nil:
				return nil
			case ctx.Err() != nil:
				return &exitError{exitCancelled, err}
			default:
				return &exitError{exitFailed, err}
			}
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.image, "image", "", "Docker image that commands run in")
	flags.BoolVar(&keep, "keep", false, "keep the demo's workspace")
	flags.BoolVar(&f.docker, "docker", false, "run commands in Docker; fail without it")
	flags.BoolVar(&f.noDocker, "no-docker", false, "run commands in the local sandbox")
	cmd.MarkFlagsMutuallyExclusive("docker", "no-docker")
	return cmd
}

// demoFlags returns the flags of the demo's server. The scripted commands come from this
// program, so they may run without approval, also without a sandbox.
func (a *app) demoFlags(ctx context.Context, f *flags) []string {
	args := []string{"--image=" + a.cfg.Image, "--mode=" + config.ModeAuto}
	if _, err := a.runtimes.Choose(ctx); err != nil {
		args = append(args, "--sandbox=none")
	}
	if f.configFile != "" {
		args = append(args, "--config="+f.configFile)
	}
	switch a.cfg.Runtime {
	case config.RuntimeDocker:
		args = append(args, "--docker")
	case config.RuntimeLocal:
		args = append(args, "--no-docker")
	}
	return args
}
