package tools

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/edit"
)

//go:embed edit_file.md
var editFileDescription string

type editFileIn struct {
	Path string `json:"path" jsonschema:"relative to the workspace's root"`
	Old  string `json:"old_string" jsonschema:"text to replace"`
	New  string `json:"new_string" jsonschema:"text in its place"`
	All  bool   `json:"replace_all,omitempty"`
}

func (in editFileIn) Label() Label { return Label{Title: "Edit", Detail: in.Path} }

// EditFile replaces a passage of a text file.
func EditFile() Tool {
	return New("edit_file", editFileDescription, func(_ context.Context, env Env, in editFileIn) (Result, error) {
		c, err := planEdit(env, in)
		if err != nil {
			return Result{}, err
		}
		shown := make(chan string, 1)
		go func() { shown <- c.report("Edited " + c.Path) }() // beside the write: both take long for a large file
		done, err := applyChanges(env, []change{c})
		text := <-shown
		if err != nil {
			return Result{}, err
		}
		return Result{Text: text, Changes: done}, nil
	}, func(_ context.Context, env Env, in editFileIn) (Proposal, error) {
		name, err := runtime.CleanPath(in.Path)
		if err != nil {
			return Proposal{}, err
		}
		return proposeChanges(env, "Edit "+name, []string{name}, func() ([]change, error) {
			c, err := planEdit(env, in)
			return []change{c}, err
		})
	})
}

// planEdit returns the change that a call would make now.
func planEdit(env Env, in editFileIn) (change, error) {
	name, err := runtime.CleanPath(in.Path)
	if err != nil {
		return change{}, err
	}
	if in.Old == "" {
		return planNew(env, name, in.New)
	}
	o, err := openText(env, name)
	if err != nil {
		return change{}, err
	}
	res, err := edit.Replace(o.file.Text, edit.Replacement{Old: in.Old, New: in.New, All: in.All})
	note, stale := o.fresh(env, name, err == nil && len(res.Tolerated) == 0)
	if stale != nil {
		return change{}, stale
	}
	if err != nil {
		return change{}, fmt.Errorf("%s: %w", name, err)
	}
	return o.changed(name, res, note)
}

// planNew makes a file that does not exist.
func planNew(env Env, name, content string) (change, error) {
	ws := env.Runtime.Workspace()
	v, err := ws.Target(name)
	if err != nil {
		return change{}, err
	}
	if _, err := ws.Stat(v.Path); !errors.Is(err, runtime.ErrNotFound) {
		if err != nil {
			return change{}, err
		}
		return change{}, fmt.Errorf("old_string is empty and %s exists: give the text to replace, or write the whole file with write_file", name)
	}
	data, err := encodeText(edit.File{}, content)
	if err != nil {
		return change{}, fmt.Errorf("%s: %w", name, err)
	}
	return change{Edit: runtime.Edit{Path: name, New: true, Content: data}, after: content}, nil
}

// changed makes the change of an opened file.
func (o opened) changed(name string, res edit.Result, note string) (change, error) {
	data, err := encodeText(o.file, res.Text)
	if err != nil {
		return change{}, fmt.Errorf("%s: %w", name, err)
	}
	c := change{
		Edit:   runtime.Edit{Path: name, Content: data, Seen: o.look},
		before: o.file.Text, after: res.Text,
	}
	if len(res.Tolerated) > 0 {
		c.notes = append(c.notes, "It did not fit exactly; tolerated: "+strings.Join(res.Tolerated, "; "))
	}
	if note != "" {
		c.notes = append(c.notes, note)
	}
	return c, nil
}

// report words a change that was made, with the changed lines.
func (c change) report(done string) string {
	shown, added, removed := edit.Changed(c.before, c.after, contextLines)
	text := counted(done, added, removed)
	for _, note := range c.notes {
		text += "\n" + note
	}
	if shown = shorter(shown); shown != "" {
		text += "\n" + shown
	}
	return text
}

// head is report without the changed lines.
func (c change) head(done string) string {
	_, added, removed := edit.Changed(c.before, c.after, 0)
	return counted(done, added, removed)
}

func counted(done string, added, removed int) string {
	return fmt.Sprintf("%s (+%d -%d)", done, added, removed)
}
