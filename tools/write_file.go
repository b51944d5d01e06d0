package tools

import (
	"context"
	_ "embed"

	"github.com/pygent/pygent/runtime"
)

//go:embed write_file.md
var writeFileDescription string

type writeFileIn struct {
	Path    string `json:"path" jsonschema:"relative to the workspace's root"`
	Content string `json:"content" jsonschema:"the whole content of the file"`
}

// WriteFile creates or replaces a text file in the workspace.
func WriteFile() Tool {
	return New("write_file", writeFileDescription, func(_ context.Context, env Env, in writeFileIn) (Result, error) {
		text, change, err := env.Runtime.WriteFile(in.Path, in.Content, env.Allowed...)
		if err != nil {
			return Result{}, err
		}
		return Result{Text: text, Changes: []runtime.Change{change}}, nil
	}, proposeWrite)
}

// proposeWrite shows the whole diff to the present file.
func proposeWrite(_ context.Context, env Env, in writeFileIn) (Proposal, error) {
	name, err := runtime.CleanPath(in.Path)
	if err != nil {
		return Proposal{}, err
	}
	return Proposal{Effect: EffectEdit, Title: "Write " + name, Paths: []string{name}, Patches: func(context.Context) ([]Patch, error) {
		patch, err := FilePatch(env.Runtime.Workspace(), name, []byte(in.Content))
		return []Patch{patch}, err
	}}, nil
}

func (in writeFileIn) Label() Label { return Label{Title: "Write", Detail: in.Path} }
