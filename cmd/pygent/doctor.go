package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"

	"github.com/spf13/cobra"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/runtime"
)

// Areas of doctor, in the order of its report.
const (
	areaProgram  = "program"
	areaSettings = "settings"
	areaModel    = "model"
	areaCommands = "commands"
	areaState    = "state"
	areaEditors  = "editors"
)

// finding is one thing that doctor looked at.
type finding struct {
	Area   string `json:"area"`
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"` // nothing works without it
	Detail string `json:"detail"`
	Cure   string `json:"cure,omitempty"`
}

// diagnosis is what doctor says of a machine.
type diagnosis struct {
	OK       bool                 `json:"ok"` // nothing is missing that is needed
	Version  string               `json:"version"`
	Runtime  runtime.Info         `json:"runtime"` // what commands would run in now
	Runs     bool                 `json:"runs"`    // whether they would run at all
	Settings []config.Value       `json:"settings"`
	Servers  []localserver.Server `json:"servers"` // model servers of this machine
	Findings []finding            `json:"findings"`
}

func doctorCommand(std streams, f *flags) *cobra.Command {
	var asJSON, offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what works on this machine, and what would help where it does not",
		Long: `Doctor tries what Pygent needs: the settings and where each comes from, the model
with one short question, Docker with the configured image, the local sandboxes by
really starting one, the state directory, and clients of editors. Each line that
fails has its cure. It asks the model only where a key or an endpoint is set, which
costs some tokens; --offline leaves that out. Local model servers are looked for on
127.0.0.1 alone.

The exit code is 1 when something is missing that is needed (FAIL); what only would
be better (--) is none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilEnded(cmd.Context(), os.Interrupt)
			defer stop()
			d := diagnose(ctx, std, f, offline)
			if asJSON {
				enc := json.NewEncoder(std.out)
				enc.SetIndent("", "  ")
				if err := enc.Encode(d); err != nil {
					return err
				}
			} else {
				d.print(std)
			}
			if !d.OK {
				return &exitError{code: exitFailed}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	flags.BoolVar(&offline, "offline", false, "do not ask the model")
	modelFlags(cmd, f)
	runtimeFlags(cmd, f)
	return cmd
}

// diagnose looks at everything. What needs the settings is left out when they are
// wrong, and the report says so.
func diagnose(ctx context.Context, std streams, f *flags, offline bool) diagnosis {
	d := diagnosis{Version: version(), Settings: []config.Value{}, Servers: []localserver.Server{}}
	d.add(programFindings()...)
	a, err := newApp(f, std, f.project())
	if err != nil {
		d.add(finding{areaSettings, "settings", false, true, err.Error(), "correct it where it says"})
	} else {
		defer a.close()
		d.Settings = a.cfg.Values()
		d.add(settingFindings(f.file(), a.cfg)...)
		d.model(ctx, a, offline)
		d.commands(ctx, a)
	}
	d.add(stateFinding())
	d.add(editors(places())...)
	d.OK = true
	for _, f := range d.Findings {
		d.OK = d.OK && (f.OK || !f.Needed)
	}
	return d
}

func (d *diagnosis) add(list ...finding) { d.Findings = append(d.Findings, list...) }

// programFindings are what runs here, and what an editor would start.
func programFindings() []finding {
	at := "this file"
	exe, err := os.Executable()
	if err == nil {
		at = exe
	}
	detail := fmt.Sprintf("%s, %s, %s/%s, at %s", version(), goruntime.Version(), goruntime.GOOS, goruntime.GOARCH, at)
	return []finding{{Area: areaProgram, Name: "pygent", OK: true, Detail: detail}, onPath(exe)}
}

// settingFindings are the file and everything that is not a default.
func settingFindings(file string, cfg config.Config) []finding {
	list := []finding{{Area: areaSettings, Name: "file", OK: true, Detail: file}}
	switch _, err := os.Stat(file); {
	case file == "":
		list[0].Detail = "none: the system names no configuration directory"
	case err != nil:
		list[0].Detail = "none at " + file + "; defaults hold"
	}
	for _, v := range cfg.Values() {
		list = append(list, finding{Area: areaSettings, Name: v.Name, OK: true, Detail: v.Value + " from " + v.Origin})
	}
	for _, notice := range cfg.Notices {
		list = append(list, finding{Area: areaSettings, Name: "workspace", Detail: notice, Cure: "set it in " + filepath.Base(file) + " of your own, if you want it"})
	}
	return list
}

func (d diagnosis) print(std streams) {
	area := ""
	for _, f := range d.Findings {
		if f.Area != area {
			area = f.Area
			fmt.Fprintf(std.out, "%s\n", area)
		}
		mark := "ok"
		switch {
		case !f.OK && f.Needed:
			mark = "FAIL"
		case !f.OK:
			mark = "--"
		}
		fmt.Fprintf(std.out, "  %-4s  %-14s %s\n", mark, term.Line(f.Name, 60), term.Line(f.Detail, 1000))
		if f.Cure != "" {
			fmt.Fprintf(std.out, "        %-14s -> %s\n", "", term.Line(f.Cure, 1000))
		}
	}
	if d.OK {
		fmt.Fprintln(std.out, "\nEverything that is needed is there.")
		return
	}
	fmt.Fprintln(std.out, "\nSomething that is needed is missing: see FAIL above. `pygent demo` shows the main job without a model.")
}
