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

// Areas of the report, in its order.
const (
	areaProgram  = "program"
	areaSettings = "settings"
	areaModel    = "model"
	areaCommands = "commands"
	areaState    = "state"
	areaEditors  = "editors"
)

// finding is the result of one check.
type finding struct {
	Area   string `json:"area"`
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"` // Pygent does not work without it
	Detail string `json:"detail"`
	Cure   string `json:"cure,omitempty"`
}

// diagnosis is doctor's report of a machine.
type diagnosis struct {
	OK       bool                 `json:"ok"` // every needed part works
	Version  string               `json:"version"`
	Runtime  runtime.Info         `json:"runtime"` // in which commands would run
	Runs     bool                 `json:"runs"`    // whether commands would run
	Settings []config.Value       `json:"settings"`
	Servers  []localserver.Server `json:"servers"` // model servers on this machine
	Findings []finding            `json:"findings"`
}

func doctorCommand(std streams, f *flags) *cobra.Command {
	var asJSON, offline bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine and name a cure for what fails",
		Long: `Doctor checks the settings and their sources, the model with one short question,
Docker with the configured image, the local sandboxes by starting one, the state
directory, and the clients of editors. Each line that fails names its cure. Doctor
asks the model only if a key or an endpoint is set; that costs some tokens, and
--offline leaves it out. It looks for local model servers on 127.0.0.1 only.

The exit code is 1 when a required check fails (FAIL). A failed optional check (--)
does not change it.`,
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

// diagnose makes all checks. With invalid settings it skips the checks that need them, and
// the report says so.
func diagnose(ctx context.Context, std streams, f *flags, offline bool) diagnosis {
	d := diagnosis{Version: version(), Settings: []config.Value{}, Servers: []localserver.Server{}}
	d.add(programFindings()...)
	a, err := newApp(f, std, f.project())
	if err != nil {
		d.add(finding{areaSettings, "settings", false, true, err.Error(), "correct the setting in the file, variable or flag that the message names"})
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

// programFindings checks this program, and the one that an editor would start.
func programFindings() []finding {
	at := "an unknown path"
	exe, err := os.Executable()
	if err == nil {
		at = exe
	}
	detail := fmt.Sprintf("%s, %s, %s/%s, at %s", version(), goruntime.Version(), goruntime.GOOS, goruntime.GOARCH, at)
	return []finding{{Area: areaProgram, Name: "pygent", OK: true, Detail: detail}, onPath(exe)}
}

// settingFindings lists the settings file and every setting that is not a default.
func settingFindings(file string, cfg config.Config) []finding {
	list := []finding{{Area: areaSettings, Name: "file", OK: true, Detail: file}}
	switch _, err := os.Stat(file); {
	case file == "":
		list[0].Detail = "none: this system has no configuration directory"
	case err != nil:
		list[0].Detail = "none at " + file + "; the defaults apply"
	}
	for _, v := range cfg.Values() {
		list = append(list, finding{Area: areaSettings, Name: v.Name, OK: true, Detail: v.Value + " from " + v.Origin})
	}
	for _, notice := range cfg.Notices {
		list = append(list, finding{Area: areaSettings, Name: "workspace", Detail: notice, Cure: "to use it, set it in your own " + filepath.Base(file)})
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
		fmt.Fprintln(std.out, "\nAll required checks pass.")
		return
	}
	fmt.Fprintln(std.out, "\nA required check fails: see FAIL above. `pygent demo` works without a model.")
}
