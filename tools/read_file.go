package tools

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/edit"
	"github.com/pygent/pygent/tools/files"
	"github.com/pygent/pygent/tools/output"
)

//go:embed read_file.md
var readFileDescription string

// Bounds of one answer of read_file.
const (
	maxReadLines = 2000
	maxReadChars = 30_000
	readNotes    = 150 // characters of it for the notes at the end
	lineNumber   = 8   // characters of a line's number, tab and line end
	maxReadNames = 1000
)

const (
	wholeBytes = 4 << 20  // of a file that is read whole; a larger one is read in parts
	sniffBytes = 64 << 10 // of a larger one, to see what it is
)

type readFileIn struct {
	Path   string `json:"path" jsonschema:"relative to the workspace's root"`
	Offset int    `json:"offset,omitempty" jsonschema:"first line, from 1"`
	Limit  int    `json:"limit,omitempty" jsonschema:"number of lines"`
}

func (in readFileIn) Label() Label {
	l := Label{Title: "Read", Detail: in.Path}
	switch {
	case in.Path == "":
	case in.Limit > 0:
		first := max(in.Offset, 1)
		l.Detail += fmt.Sprintf(":%d-%d", first, first+in.Limit-1)
	case in.Offset > 1:
		l.Detail += fmt.Sprintf(":%d-", in.Offset)
	}
	return l
}

// ReadFile shows the model a part of a file, by its lines.
func ReadFile() Tool {
	return New("read_file", readFileDescription, func(_ context.Context, env Env, in readFileIn) (Result, error) {
		if in.Offset < 0 || in.Limit < 0 {
			return Result{}, errors.New("read_file: offset and limit cannot be negative; lines are numbered from 1")
		}
		b := files.Bounds{First: max(in.Offset, 1), Lines: maxReadLines, Chars: maxReadChars - readNotes, Extra: lineNumber}
		if in.Limit > 0 {
			b.Lines = min(in.Limit, maxReadLines)
		}
		text, err := readPath(env, in.Path, b)
		return Result{Text: text, Unkept: true}, err
	}, OnlyReads)
}

// readPath reads a file, a directory or a kept output.
func readPath(env Env, name string, b files.Bounds) (string, error) {
	if strings.HasPrefix(name, output.Path("")) {
		return readKept(env, name, b)
	}
	ws := env.Runtime.Workspace()
	if _, err := runtime.CleanPath(name); err != nil {
		return "", err
	}
	if _, err := ws.ResolveDir(name); err == nil {
		return listDir(ws, name)
	}
	f, real, err := ws.OpenFile(name)
	if err != nil {
		return "", missingFile(ws, name, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("read %q: %w", name, err)
	}
	if info.Size() > wholeBytes {
		return readLarge(env, f, real, info, name, b)
	}
	data, err := io.ReadAll(io.LimitReader(f, runtime.MaxFileBytes))
	if err != nil {
		return "", fmt.Errorf("read %q: %w", name, err)
	}
	text, err := edit.Decode(data)
	if err != nil {
		return binary(name, data, info.Size()), nil
	}
	env.Files.Saw(real, string(data), info)
	part, err := (*files.Seen)(nil).Lines("", nil, strings.NewReader(text.Text), b)
	if err != nil {
		return "", err
	}
	return numbered(name, part)
}

// readLarge reads a part of a file that does not fit into memory.
func readLarge(env Env, f *os.File, real string, info fs.FileInfo, name string, b files.Bounds) (string, error) {
	head := make([]byte, sniffBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", fmt.Errorf("read %q: %w", name, err)
	}
	head = head[:n]
	if bytes.IndexByte(head, 0) >= 0 {
		return binary(name, head, info.Size()), nil
	}
	part, err := env.Files.Lines(real, info, f, b)
	if err != nil {
		return "", fmt.Errorf("read %q: %w", name, err)
	}
	if len(part.Lines) > 0 && part.First == 1 {
		part.Lines[0] = bytes.TrimPrefix(part.Lines[0], []byte("\ufeff"))
	}
	return numbered(name, part)
}

func readKept(env Env, name string, b files.Bounds) (string, error) {
	id, ok := output.ID(name)
	if !ok {
		return "", fmt.Errorf("%.100q is no kept output: give a path such as %s", name, output.Path("o17"))
	}
	r, err := env.Kept.Open(id)
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	part, err := (*files.Seen)(nil).Lines("", nil, r, b)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return numbered(name, part)
}

// numbered words a part of a text for the model.
func numbered(name string, p files.Part) (string, error) {
	switch {
	case p.Total == 0:
		return "[" + name + " is empty]", nil
	case p.Beyond:
		return "", fmt.Errorf("offset %d: %s has %d lines", p.First, name, p.Total)
	}
	var b strings.Builder
	for i, line := range p.Lines {
		fmt.Fprintf(&b, "%6d\t%s\n", p.First+i, asText(bytes.TrimSuffix(line, []byte("\r"))))
	}
	last := p.First + len(p.Lines) - 1
	if p.Cut {
		fmt.Fprintf(&b, "[line %d is longer: it is cut here]\n", last)
	}
	if last < p.Total {
		fmt.Fprintf(&b, "[lines %d-%d of %d; go on with offset %d]", p.First, last, p.Total, last+1)
	} else {
		fmt.Fprintf(&b, "[lines %d-%d of %d]", p.First, last, p.Total)
	}
	return b.String(), nil
}

// asText returns a line of a file in which some bytes are no UTF-8 as Latin-1.
func asText(line []byte) string {
	if utf8.Valid(line) {
		return string(line)
	}
	runes := make([]rune, len(line))
	for i, c := range line {
		runes[i] = rune(c)
	}
	return string(runes)
}

// binary says what a file is that cannot be shown.
func binary(name string, head []byte, size int64) string {
	kind := http.DetectContentType(head)
	if strings.HasPrefix(kind, "text/") { // the bytes are none, whatever they resemble
		kind = "application/octet-stream"
	}
	return fmt.Sprintf("[%s is binary: %s, %d bytes]", name, kind, size)
}

// listDir lists a directory, directories with a slash.
func listDir(ws *runtime.Workspace, name string) (string, error) {
	entries, more, err := ws.List(name, runtime.ListOptions{Max: maxReadNames})
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		return "[" + name + " is an empty directory]", nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[%s is a directory]\n", name)
	for i, e := range entries {
		if b.Len() > maxReadChars-1000 {
			fmt.Fprintf(&b, "[%d of its names are left out]", len(entries)-i)
			return b.String(), nil
		}
		b.WriteString(e.Name)
		switch e.Type {
		case runtime.TypeDir:
			b.WriteByte('/')
		case runtime.TypeLink:
			b.WriteByte('@')
		}
		b.WriteByte('\n')
	}
	if more {
		fmt.Fprintf(&b, "[only the first %d names]", len(entries))
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// missingFile adds the nearest names to the error of a file that does not exist.
func missingFile(ws *runtime.Workspace, name string, err error) error {
	if !errors.Is(err, runtime.ErrNotFound) {
		return err
	}
	if near := ws.Alike(name); len(near) > 0 {
		return fmt.Errorf("%w; the nearest names: %s", err, strings.Join(near, ", "))
	}
	return err
}
