package agent

import (
	"slices"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// settings are what a client can change of a session.
type settings struct {
	Model    string // "" is the Model's own default
	Mode     string
	Disabled []string // names of tools
}

// with is s as a configured event changes it.
func (s settings) with(e Event) settings {
	if e.Model != "" {
		s.Model = e.Model
	}
	if e.Mode != "" {
		s.Mode = e.Mode
	}
	if e.DisabledTools != nil {
		s.Disabled = *e.DisabledTools
	}
	return s
}

// use puts settings into force with the next model round. The caller holds mu.
// Tools that are not there any more are no error: a session outlives programs.
func (a *Agent) use(s settings) error {
	known := slices.DeleteFunc(slices.Clone(s.Disabled), func(name string) bool { return !slices.Contains(a.base.Names(), name) })
	active, err := a.base.Without(known...)
	if err != nil {
		return err
	}
	a.settings, a.tools = s, active
	return nil
}

// checkTools refuses names of tools that are not there.
func (a *Agent) checkTools(field string, names []string) error {
	if _, err := a.base.Without(names...); err != nil {
		return &runtime.InvalidError{Field: field, Reason: err.Error()}
	}
	return nil
}

// inForce are the settings and tools of the next model round.
func (a *Agent) inForce() (settings, *tools.Registry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settings, a.tools
}
