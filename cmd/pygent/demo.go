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
		Short: "Watch the main job at work: no key, no network, a scripted model",
		Long: `Demo unpacks a small project with a failing test into a temporary workspace,
starts 'pygent serve' on it, lets the agent make the test pass, delegates a task
and brings its file back, all over the protocol. The model's lines are scripted;
tools, files, processes, tasks and protocol are real. It needs no key and no
network, and exits 0 only if the test passes in the end.

Commands run in Docker if a daemon and the image are there, else locally.`,
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
	flags.BoolVar(&keep, "keep", false, "leave the demo's workspace there")
	flags.BoolVar(&f.docker, "docker", false, "run commands in Docker, or not at all")
	flags.BoolVar(&f.noDocker, "no-docker", false, "run commands locally")
	cmd.MarkFlagsMutuallyExclusive("docker", "no-docker")
	return cmd
}

// demoFlags are what the demo's server is started with. The scripted commands
// are this program's own, so they may run unasked, also where there is no sandbox.
func (a *app) demoFlags(ctx context.Context, f *flags) []string {
	args := []string{"--image=" + a.cfg.Image, "--mode=" + config.ModeAuto}
	if _, err := a.runtimes.choose(ctx); err != nil {
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
