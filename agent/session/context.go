package session

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/runtime"
)

// ContextItem is something that the client attaches to a prompt: a file named by
// Path or by URI, a range of its lines, or a text. With a text nothing is read:
// path or uri only name its origin, which can be anywhere, and the uri may have
// any scheme.
//
// Without a text the file is read. That is refused when it lies outside the
// workspace (an error that wraps runtime.ErrOutside), is missing
// (runtime.ErrNotFound), has more than 8 MiB (runtime.ErrTooLarge), or is not a
// text file (a *runtime.InvalidError). When a range goes past the file's end, the
// existing lines are shown, and the model is told which.
type ContextItem struct {
	Path  string     `json:"path,omitempty" jsonschema:"workspace-relative, with slashes"`
	URI   string     `json:"uri,omitempty" jsonschema:"instead of path; a file URI in the workspace, or with text any URI"`
	Range *LineRange `json:"range,omitempty"`
	Text  *string    `json:"text,omitempty" jsonschema:"the content, which can be empty; absent: the file is read"`
}

// LineRange counts lines from 1, both ends included.
type LineRange struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

func (c ContextItem) validate(field string) error {
	switch r := c.Range; {
	case c.Text == nil && c.Path == "" && c.URI == "":
		return &runtime.InvalidError{Field: field, Reason: "has neither path, uri nor text"}
	case c.Path != "" && c.URI != "":
		return &runtime.InvalidError{Field: field, Reason: "has both path and uri: give one"}
	case r != nil && (r.Start < 1 || r.End < r.Start):
		return &runtime.InvalidError{
			Field:  field + ".range",
			Reason: fmt.Sprintf("%d to %d: lines count from 1, and end is not before start", r.Start, r.End),
		}
	}
	return nil
}

// attaching words what clients attach to a prompt.
type attaching struct {
	workspace *runtime.Workspace
	pathOfURI func(string) (string, error) // nil: URIs are refused
}

// attach returns the item as the model gets it: text, fenced and named.
func (a attaching) attach(c ContextItem) (string, error) {
	if err := a.locate(&c); err != nil {
		return "", err
	}
	var text string
	if c.Text != nil {
		text = *c.Text
	} else {
		data, err := a.workspace.ReadFile(c.Path, agent.MaxPrompt)
		if err != nil {
			return "", err
		}
		if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
			return "", &runtime.InvalidError{Field: "path", Reason: fmt.Sprintf("%q is not text", c.Path)}
		}
		text, c.Range = cut(string(data), c.Range)
	}
	return fenced(c.label(), text), nil
}

// locate sets the path that an item's URI names. The URI stays only when the item
// has a text and the URI names no file of the workspace.
func (a attaching) locate(c *ContextItem) error {
	if c.URI == "" {
		return nil
	}
	path, err := a.pathOf(c.URI)
	switch {
	case err == nil:
		c.Path, c.URI = path, ""
	case c.Text == nil:
		return err
	}
	return nil
}

func (a attaching) pathOf(uri string) (string, error) {
	if a.pathOfURI == nil {
		return "", &runtime.InvalidError{Field: "uri", Reason: "cannot be given here; give path"}
	}
	host, err := a.pathOfURI(uri)
	if err != nil {
		return "", err
	}
	return a.workspace.PathOf(host)
}

// fenced puts text between two tags that the text itself cannot close.
func fenced(label, text string) string {
	tag := "context"
	for strings.Contains(text, "</"+tag) {
		tag += "_"
	}
	return fmt.Sprintf("<%s%s>\n%s\n</%s>", tag, label, strings.TrimSuffix(text, "\n"), tag)
}

func (c ContextItem) label() string {
	var s string
	switch {
	case c.Path != "":
		s = fmt.Sprintf(" path=%q", c.Path)
	case c.URI != "":
		s = fmt.Sprintf(" uri=%q", c.URI)
	}
	if c.Range != nil {
		s += fmt.Sprintf(" lines=\"%d-%d\"", c.Range.Start, c.Range.End)
	}
	return s
}

// cut returns the lines of a range of a text, and the range of the existing
// lines. When the range begins after the end, it returns a note instead: an
// editor may have sent a range of an unsaved file.
func cut(text string, r *LineRange) (string, *LineRange) {
	if r == nil {
		return text, nil
	}
	all := strings.SplitAfter(text, "\n")
	if all[len(all)-1] == "" { // no line follows the last newline
		all = all[:len(all)-1]
	}
	if r.Start > len(all) {
		return fmt.Sprintf("[the file on disk has %d lines]", len(all)), r
	}
	end := min(r.End, len(all))
	return strings.Join(all[r.Start-1:end], ""), &LineRange{r.Start, end}
}
