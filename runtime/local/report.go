package local

import (
	"strings"

	"github.com/pygent/pygent/runtime"
)

// Report is what sandboxes and limits a machine has for local commands.
type Report struct {
	Level  string         // the strongest of runtime.SandboxStrong, SandboxMedium and SandboxNone
	Limits runtime.Limits // those that can be enforced; 0: cannot
	Probes []ProbeResult  // the tries, in order
}

// ProbeResult is the result of one try.
type ProbeResult struct {
	Name   string
	OK     bool
	Detail string // the result, or the step that failed and why
	Cure   string // what would make it work; "" if it works
}

func (r *Report) add(name, detail string, err error, cure string) {
	if err == nil {
		r.Probes = append(r.Probes, ProbeResult{Name: name, OK: true, Detail: detail})
		return
	}
	r.Probes = append(r.Probes, ProbeResult{Name: name, Detail: err.Error(), Cure: cure})
}

// Summary returns the failures with their cures in one line.
func (r Report) Summary() string {
	var parts []string
	for _, p := range r.Probes {
		if !p.OK {
			parts = append(parts, p.Name+": "+p.Detail+" ("+p.Cure+")")
		}
	}
	return strings.Join(parts, "; ")
}
