package agent

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime"
)

// ContextItem is something the client attaches to a prompt: a file, named by Path
// or by URI, some lines of it, or a text. With a text nothing is read, and path or
// uri only say where it is from: that can be anywhere, and the uri of any scheme.
//
// Without one the file is read, which is refused where it lies outside the
// workspace (an error that wraps runtime.ErrOutside), is missing
// (runtime.ErrNotFound), has more than 8 MiB (runtime.ErrTooLarge), or is no text
// or no file (a *runtime.InvalidError). Of a range that goes past the file's end
// the lines that are there are shown, and the model is told which.
type ContextItem struct {
	Path  string     `json:"path,omitempty" jsonschema:"workspace-relative, with slashes"`
	URI   string     `json:"uri,omitempty" jsonschema:"instead of path; a file URI in the workspace, with text any"`
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
	pathOfURI func(string) (string, error) // nil: files have no URIs here
}

// attach is the item as the model gets it: data, fenced and named.
func (a attaching) attach(c ContextItem) (string, error) {
	if err := a.locate(&c); err != nil {
		return "", err
	}
	var text string
	if c.Text != nil {
		text = *c.Text
	} else {
		data, err := a.workspace.ReadFile(c.Path, maxPrompt)
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

// locate finds the path that an item's URI stands for. The URI stays only where a
// text came with it and it is no file's of the workspace.
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

// fenced puts text between two tags that text itself cannot close.
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

// cut takes the lines of a range out of a text, and returns which those are. For
// a range that begins behind the end there is a note instead: it can come from an
// editor whose file is not saved.
func cut(text string, r *LineRange) (string, *LineRange) {
	if r == nil {
		return text, nil
	}
	all := strings.SplitAfter(text, "\n")
	if all[len(all)-1] == "" { // behind the last newline is no line
		all = all[:len(all)-1]
	}
	if r.Start > len(all) {
		return fmt.Sprintf("[the file on disk has %d lines]", len(all)), r
	}
	end := min(r.End, len(all))
	return strings.Join(all[r.Start-1:end], ""), &LineRange{r.Start, end}
}
