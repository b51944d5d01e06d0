package agent

import (
	"slices"
	"strings"
	"time"

	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// Values of journal.Form.EditTools. Auto is one of the others by the model's name.
const (
	EditAuto    = "auto"
	EditReplace = "replace" // edit_file
	EditPatch   = "patch"   // apply_patch
	EditBoth    = "both"
)

// ShortWindow is the context window, in tokens, below which a session has the
// short form.
const ShortWindow = 16_000

// Names of tools that a form leaves out. A tool that is not registered does not
// matter.
const (
	toolEdit  = "edit_file"
	toolPatch = "apply_patch"
	toolView  = "view_image"
)

// shortTools are the tools of the short form.
var shortTools = []string{"bash", "read_file", "grep", toolEdit, "write_file", "ask_user"}

// EditsAlike reports whether two tools serve for the same: a session has one of
// them by its model's name, and an agent that it delegates to can have the other.
func EditsAlike(a, b string) bool {
	both := []string{toolEdit, toolPatch}
	return slices.Contains(both, a) && slices.Contains(both, b)
}

// decided returns the form with nothing left open.
func decided(f journal.Form, model string, rt *runtime.Runtime) journal.Form {
	if f.EditTools == EditAuto {
		f.EditTools = EditReplace
		name := model[strings.LastIndexByte(model, '/')+1:]
		if strings.HasPrefix(name, "gpt-") || strings.HasPrefix(name, "codex") {
			f.EditTools = EditPatch
		}
	}
	if f.Environment == "" {
		f.Environment = environment(rt, time.Now())
	}
	return f
}

// offered returns the tools of all that a form has.
func offered(all *tools.Registry, f journal.Form) *tools.Registry {
	leave := slices.DeleteFunc(all.Names(), func(name string) bool {
		switch {
		case f.Short:
			return slices.Contains(shortTools, name)
		case name == toolEdit:
			return f.EditTools != EditPatch
		case name == toolPatch:
			return f.EditTools != EditReplace
		case name == toolView:
			return !f.NoImages
		default:
			return true
		}
	})
	rest, err := all.Without(leave...)
	if err != nil { // they are all there
		panic("agent: " + err.Error())
	}
	return rest
}

// systemPrompt words the system prompt of an agent. The client's own is used
// verbatim.
func systemPrompt(opts Options) string {
	prompt := opts.SystemPrompt
	if prompt == "" {
		prompt = strings.TrimSpace(defaultPrompt)
		if opts.Form.Short {
			prompt = strings.TrimSpace(shortPrompt)
		}
		prompt += EnvironmentHead + opts.Form.Environment
	}
	if opts.Persona != "" {
		prompt = strings.TrimSpace(opts.Persona) + "\n\n" + prompt
	}
	return prompt
}
