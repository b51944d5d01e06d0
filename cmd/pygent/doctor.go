package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

// finding is one thing that doctor looked at.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Cure   string `json:"cure,omitempty"`
}

// diagnosis is what doctor says of a machine.
type diagnosis struct {
	Runtime  runtime.Info `json:"runtime"` // what commands would run in now
	Runs     bool         `json:"runs"`    // whether they would run at all
	Findings []finding    `json:"findings"`
}

func doctorCommand(std streams, f *flags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what sandbox this machine gives, and what would make it better",
		Long: `Doctor tries what commands could run in: Docker with the configured image, and
the local sandboxes, each by really starting one. Each line that fails has its
cure. The exit code is 1 when commands could not run at all.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilEnded(cmd.Context(), os.Interrupt)
			defer stop()
			a, err := newApp(f, std, "")
			if err != nil {
				return err
			}
			defer a.close()
			d := a.diagnose(ctx)
			if asJSON {
				enc := json.NewEncoder(std.out)
				enc.SetIndent("", "  ")
				err = enc.Encode(d)
			} else {
				d.print(std)
			}
			if err == nil && !d.Runs {
				err = &exitError{code: exitFailed}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&f.image, "image", "", "Docker image that commands run in")
	return cmd
}

func (a *app) diagnose(ctx context.Context) diagnosis {
	d := diagnosis{Findings: []finding{a.runtimes.dockerFinding(ctx)}}
	for _, p := range local.Probe(ctx).Probes {
		d.Findings = append(d.Findings, finding(p))
	}
	_, err := a.runtimes.choose(ctx)
	d.Runs = err == nil
	d.Runtime = a.runtimes.info(ctx)
	return d
}

// dockerFinding is whether Docker could be used with the configured image.
func (r *runtimes) dockerFinding(ctx context.Context) finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.probe(ctx); err != nil {
		return finding{Name: "docker", Detail: err.Error(), Cure: "as it says; or use the local sandbox below"}
	}
	return finding{Name: "docker", OK: true, Detail: "the daemon answers and has the image " + r.cfg.Image}
}

func (d diagnosis) print(std streams) {
	for _, f := range d.Findings {
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(std.out, "%s  %-14s %s\n", mark, f.Name, term.Safe(f.Detail))
		if f.Cure != "" {
			fmt.Fprintf(std.out, "      %-14s -> %s\n", "", f.Cure)
		}
	}
	if !d.Runs {
		fmt.Fprintf(std.out, "\nCommands cannot run: %s\n", term.Safe(d.Runtime.Reason))
		return
	}
	fmt.Fprintf(std.out, "\nCommands run in: %s, sandbox %s, network %s", d.Runtime.Kind, d.Runtime.Sandbox, d.Runtime.Network)
	if d.Runtime.Image != "" {
		fmt.Fprintf(std.out, ", image %s", d.Runtime.Image)
	}
	fmt.Fprintln(std.out)
}
