package local

import (
	"strings"

	"github.com/pygent/pygent/runtime"
)

// Report is what a machine gives for local commands.
type Report struct {
	Level  string         // the strongest of runtime.SandboxStrong, SandboxMedium and SandboxNone
	Limits runtime.Limits // that can be enforced, as far as they are not 0
	Probes []ProbeResult  // what was tried, in order
}

// ProbeResult is one thing that was tried.
type ProbeResult struct {
	Name   string
	OK     bool
	Detail string // what was found, or the step that failed and why
	Cure   string // what would make it work, "" when it does
}

func (r *Report) add(name, detail string, err error, cure string) {
	if err == nil {
		r.Probes = append(r.Probes, ProbeResult{Name: name, OK: true, Detail: detail})
		return
	}
	r.Probes = append(r.Probes, ProbeResult{Name: name, Detail: err.Error(), Cure: cure})
}

// Summary is what failed, with the cures, in one line.
func (r Report) Summary() string {
	var parts []string
	for _, p := range r.Probes {
		if !p.OK {
			parts = append(parts, p.Name+": "+p.Detail+" ("+p.Cure+")")
		}
	}
	return strings.Join(parts, "; ")
}
