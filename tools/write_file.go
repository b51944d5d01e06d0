package tools

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/edit"
	"github.com/pygent/pygent/tools/files"
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
		c, err := planWrite(env, in)
		if err != nil {
			return Result{}, err
		}
		if c.Seen != nil && c.Seen.Data == c.Content {
			env.Files.Saw(c.Seen.Real, c.Content, c.Seen.Info)
			return Result{Text: "Wrote " + c.Path + ": it had this content already, so nothing changed"}, nil
		}
		done, err := applyChanges(env, []change{c})
		if err != nil {
			return Result{}, err
		}
		return Result{Text: strings.Join(append([]string{"Wrote " + done[0].Path}, c.notes...), "\n"), Changes: done}, nil
	}, proposeWrite)
}

// proposeWrite shows the whole diff to the present file.
func proposeWrite(_ context.Context, env Env, in writeFileIn) (Proposal, error) {
	name, err := runtime.CleanPath(in.Path)
	if err != nil {
		return Proposal{}, err
	}
	return proposeChanges(env, "Write "+name, []string{name}, func() ([]change, error) {
		c, err := planWrite(env, in)
		return []change{c}, err
	})
}

// planWrite returns the change that a call would make now.
func planWrite(env Env, in writeFileIn) (change, error) {
	name, err := runtime.CleanPath(in.Path)
	if err != nil {
		return change{}, err
	}
	c := change{Edit: runtime.Edit{Path: name, Content: in.Content}, after: in.Content}
	look, err := env.Runtime.Workspace().Look(in.Path)
	switch {
	case errors.Is(err, runtime.ErrNotFound):
		c.New = true
		return c, nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, runtime.ErrTooLarge):
		return c, nil // it cannot be read, but replaced
	case err != nil:
		return change{}, err
	}
	c.Seen = look
	file, err := decodeText(look.Data)
	if err != nil {
		c.before = look.Data
		c.notes = append(c.notes, fmt.Sprintf("It replaced a file that was not text (%d bytes)", len(look.Data)))
		return c, nil
	}
	o := opened{look, file}
	note, err := o.fresh(env, name, true)
	if err != nil {
		return change{}, err
	}
	if note != "" {
		c.notes = append(c.notes, note)
	}
	if state, _ := env.Files.Compare(look.Real, look.Data); state == files.Unknown && len(file.Text) > 0 {
		c.notes = append(c.notes, "It replaced "+countOf(lineCount(file.Text), "line")+" of a file that had not been read")
	}
	text, kept := edit.Whole(file, in.Content)
	c.notes = append(c.notes, kept...)
	if c.Content, err = encodeText(file, text); err != nil {
		return change{}, fmt.Errorf("%s: %w", name, err)
	}
	c.before, c.after = file.Text, text
	return c, nil
}

func lineCount(text string) int {
	n := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		n++
	}
	return n
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (in writeFileIn) Label() Label { return Label{Title: "Write", Detail: in.Path} }
