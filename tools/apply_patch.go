package tools

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/edit"
)

//go:embed apply_patch.md
var applyPatchDescription string

type applyPatchIn struct {
	Patch string `json:"patch"`
}

func (in applyPatchIn) Label() Label { return patchLabel(in.Patch, "") }

// patchLabel names the files of a patch; of one that is none it shows the
// beginning.
func patchLabel(patch, dir string) Label {
	list, err := parsePatch(patch, dir)
	if err != nil {
		return Label{Title: "Patch", Detail: patch}
	}
	return Label{Title: "Patch", Detail: strings.Join(pathsOf(list), ", ")}
}

// ApplyPatch changes several files, or none.
func ApplyPatch() Tool {
	return New("apply_patch", applyPatchDescription, func(_ context.Context, env Env, in applyPatchIn) (Result, error) {
		return applyPatch(env, in.Patch, "")
	}, func(_ context.Context, env Env, in applyPatchIn) (Proposal, error) {
		return proposePatch(env, in.Patch, "")
	})
}

// applyPatch applies a patch whose paths begin in the directory dir, "" for the
// workspace's root.
func applyPatch(env Env, patch, dir string) (Result, error) {
	list, err := planPatch(env, patch, dir)
	if err != nil {
		return Result{}, err
	}
	done, err := applyChanges(env, list)
	if err != nil {
		return Result{}, err
	}
	var b strings.Builder
	for _, c := range list {
		switch {
		case c.Delete:
			fmt.Fprintln(&b, c.head("Deleted "+c.Path))
		case c.New:
			fmt.Fprintln(&b, c.head("Added "+c.Path))
		case c.MoveTo != "":
			fmt.Fprintln(&b, c.report("Moved "+c.Path+" to "+c.MoveTo))
		default:
			fmt.Fprintln(&b, c.report("Edited "+c.Path))
		}
	}
	return Result{Text: strings.TrimSuffix(b.String(), "\n"), Changes: done}, nil
}

// proposePatch names the files that a patch changes.
func proposePatch(env Env, patch, dir string) (Proposal, error) {
	list, err := parsePatch(patch, dir)
	if err != nil {
		return Proposal{}, err
	}
	paths := pathsOf(list)
	return proposeChanges(env, "Edit "+some(paths), paths, func() ([]change, error) { return planPatch(env, patch, dir) })
}

// parsePatch reads a patch, with the paths from the workspace's root.
func parsePatch(patch, dir string) ([]edit.FileChange, error) {
	list, err := edit.Parse(patch)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("the patch changes no file")
	}
	for i := range list {
		for _, p := range []*string{&list[i].Path, &list[i].MoveTo} {
			if *p == "" {
				continue
			}
			if dir != "" && !path.IsAbs(*p) {
				*p = dir + "/" + *p
			}
			if *p, err = runtime.CleanPath(*p); err != nil {
				return nil, fmt.Errorf("the patch: %w", err)
			}
		}
	}
	return list, nil
}

// planPatch returns the changes that a patch would make now.
func planPatch(env Env, patch, dir string) ([]change, error) {
	list, err := parsePatch(patch, dir)
	if err != nil {
		return nil, err
	}
	changes := make([]change, len(list))
	for i, f := range list {
		if changes[i], err = planFile(env, f); err != nil {
			if len(list) > 1 {
				err = fmt.Errorf("%w\nNothing of the patch was applied", err)
			}
			return nil, err
		}
	}
	return changes, nil
}

// planFile returns the change of one file of a patch.
func planFile(env Env, f edit.FileChange) (change, error) {
	switch f.Op {
	case edit.Add:
		return planAdd(env, f)
	case edit.Delete:
		return planDelete(env, f)
	default:
		return planUpdate(env, f)
	}
}

func planAdd(env Env, f edit.FileChange) (change, error) {
	ws := env.Runtime.Workspace()
	v, err := ws.Target(f.Path)
	if err != nil {
		return change{}, err
	}
	if _, err := ws.Stat(v.Path); err == nil {
		return change{}, fmt.Errorf("%s exists: a patch can only add a file that does not; update it", f.Path)
	}
	data, err := encodeText(edit.File{}, f.Content)
	if err != nil {
		return change{}, fmt.Errorf("%s: %w", f.Path, err)
	}
	return change{Edit: runtime.Edit{Path: f.Path, New: true, Content: data, Mode: f.Mode}, after: f.Content}, nil
}

// planDelete deletes a file of any kind: its content need not be text.
func planDelete(env Env, f edit.FileChange) (change, error) {
	name := f.Path
	look, err := env.Runtime.Workspace().Look(name)
	if err != nil {
		return change{}, missingFile(env.Runtime.Workspace(), name, err)
	}
	file, err := decodeText(look.Data)
	if err != nil {
		file.Text = look.Data
	}
	if _, err := (opened{look, file}).fresh(env, name, true); err != nil {
		return change{}, err
	}
	if _, err := f.Apply(file.Text); err != nil { // a diff has the lines that it deletes
		return change{}, err
	}
	return change{Edit: runtime.Edit{Path: name, Delete: true, Seen: look}, before: file.Text}, nil
}

func planUpdate(env Env, f edit.FileChange) (change, error) {
	o, err := openText(env, f.Path)
	if err != nil {
		return change{}, err
	}
	res, err := f.Apply(o.file.Text)
	note, stale := o.fresh(env, f.Path, err == nil && len(res.Tolerated) == 0)
	if stale != nil {
		return change{}, stale
	}
	if err != nil {
		return change{}, err
	}
	c, err := o.changed(f.Path, res, note)
	c.MoveTo, c.Mode = f.MoveTo, f.Mode
	if c.MoveTo == c.Path {
		c.MoveTo = ""
	}
	return c, err
}

// fromShell runs a command that only calls apply_patch, as the tool would.
func fromShell(env Env, cmd string) (res Result, ok bool) {
	patch, dir, ok := edit.FromShell(cmd)
	if !ok {
		return Result{}, false
	}
	res, err := applyPatch(env, patch, dir)
	if err != nil {
		res = Errorf("%v", err)
	}
	return res, true
}

// proposeFromShell is the proposal of such a command: that of an edit.
func proposeFromShell(env Env, cmd string) (p Proposal, ok bool, err error) {
	patch, dir, ok := edit.FromShell(cmd)
	if !ok {
		return Proposal{}, false, nil
	}
	p, err = proposePatch(env, patch, dir)
	return p, true, err
}

// labelFromShell describes such a command.
func labelFromShell(cmd string) (l Label, ok bool) {
	patch, dir, ok := edit.FromShell(cmd)
	if !ok {
		return Label{}, false
	}
	return patchLabel(patch, dir), true
}
