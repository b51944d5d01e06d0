package tools

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pygent/pygent/runtime/search"
	"github.com/pygent/pygent/tools/output"
)

//go:embed grep.md
var grepDescription string

type grepIn struct {
	Pattern    string `json:"pattern" jsonschema:"RE2"`
	Path       string `json:"path,omitempty" jsonschema:"file, directory or output:ID"`
	Glob       string `json:"glob,omitempty" jsonschema:"files: *.go, src/**/*.ts"`
	IgnoreCase bool   `json:"ignore_case,omitempty"`
	Context    int    `json:"context,omitempty" jsonschema:"lines, up to 10"`
	FilesOnly  bool   `json:"files_only,omitempty"`
	Limit      int    `json:"limit,omitempty" jsonschema:"default 100"`
}

func (in grepIn) Label() Label { return Label{Title: "Search", Detail: within(in.Pattern, in.Path)} }

// Grep finds lines by a regular expression, in the workspace or in a kept output.
func Grep() Tool {
	return New("grep", grepDescription, func(ctx context.Context, env Env, in grepIn) (Result, error) {
		found, err := in.search(ctx, env)
		if err != nil {
			return Result{}, err
		}
		return in.result(found), nil
	}, OnlyReads)
}

func (in grepIn) search(ctx context.Context, env Env) (search.GrepResult, error) {
	opts := search.GrepOptions{
		Pattern: in.Pattern, Path: in.Path, Glob: in.Glob, IgnoreCase: in.IgnoreCase,
		Context: in.Context, FilesOnly: in.FilesOnly, Limit: in.Limit,
	}
	if !strings.HasPrefix(in.Path, output.Path("")) {
		return search.Grep(ctx, env.Runtime.Workspace(), opts)
	}
	id, ok := output.ID(in.Path)
	if !ok {
		return search.GrepResult{}, fmt.Errorf("%.100q is no kept output: give a path such as %s", in.Path, output.Path("o17"))
	}
	text, err := env.Kept.Open(id)
	if err != nil {
		return search.GrepResult{}, err
	}
	defer func() { _ = text.Close() }()
	size, err := text.Seek(0, io.SeekEnd)
	if err != nil {
		return search.GrepResult{}, fmt.Errorf("read %s: %w", in.Path, err)
	}
	return search.GrepText(ctx, in.Path, &seekingSource{text, size}, opts)
}

// seekingSource reads a kept output at any place. It is for one goroutine.
type seekingSource struct {
	io.ReadSeekCloser
	size int64
}

func (s *seekingSource) Size() int64 { return s.size }

func (s *seekingSource) ReadAt(p []byte, off int64) (int, error) {
	if _, err := s.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// result words what was found.
func (in grepIn) result(found search.GrepResult) Result {
	var text strings.Builder
	for _, f := range found.Files {
		path := onOneLine(f.Path)
		if in.FilesOnly {
			text.WriteString(path + "\n")
			continue
		}
		in.lines(&text, path, f.Lines)
	}
	if len(found.Files) == 0 {
		text.WriteString("[no matches]\n")
	}
	if found.More.Matches > 0 {
		fmt.Fprintf(&text, "[%d more matches in %d files]\n", found.More.Matches, found.More.Files)
	}
	missed := notSearched(found.Missed)
	text.WriteString(missed)
	if found.NotRE2 != nil {
		fmt.Fprintf(&text, "[the pattern is no RE2 expression (%s), so it was searched literally]\n", strings.TrimPrefix(found.NotRE2.Error(), "error parsing regexp: "))
	}
	if found.Across {
		text.WriteString("[a pattern with a line end matches nothing: lines are searched one by one]\n")
	}
	return Result{Text: strings.TrimSuffix(text.String(), "\n"), Truncated: found.More.Matches > 0 || missed != ""}
}

// lines writes the matches of one file as grep does: context lines have dashes, and a
// line "--" stands for those between.
func (in grepIn) lines(text *strings.Builder, path string, lines []search.Line) {
	for i, l := range lines {
		if in.Context > 0 && (i == 0 && text.Len() > 0 || i > 0 && l.Number > lines[i-1].Number+1) {
			text.WriteString("--\n")
		}
		mark := "-"
		if l.Match {
			mark = ":"
		}
		fmt.Fprintf(text, "%s%s%d%s %s\n", path, mark, l.Number, mark, l.Text)
	}
}
