package edit

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

var gitHeader = regexp.MustCompile(`^diff --git `)

const devNull = "/dev/null"

// unifiedParser reads unified diffs, with or without git's headers.
type unifiedParser struct {
	lines   []string
	next    int
	first   int // number of lines[0] in the patch
	changes []FileChange
}

// unifiedFile is one file of a unified diff as its headers tell.
type unifiedFile struct {
	git            string // behind `diff --git `
	old, new       string // behind `--- ` and `+++ `
	from, to       string // of a rename
	added, deleted bool
	mode           string
	hunks          []hunk
}

func parseUnified(lines []string, first int) ([]FileChange, error) {
	p := &unifiedParser{lines: lines, first: first}
	for p.next < len(p.lines) {
		line := p.lines[p.next]
		var err error
		switch {
		case gitHeader.MatchString(line), p.startsFile(p.next):
			err = p.file()
		case markedHeader.MatchString(strings.TrimSpace(line)), strings.TrimSpace(line) == beginPatch, strings.TrimSpace(line) == endPatch:
			err = mixed(p.number(), line)
		case strings.HasPrefix(line, "@@"):
			err = fmt.Errorf("line %d of the patch: a hunk without a file: `--- a/PATH` and `+++ b/PATH` should stand before it", p.number())
		default:
			p.next++ // words around the diffs
		}
		if err != nil {
			return nil, err
		}
	}
	if len(p.changes) == 0 {
		return nil, errors.New("this is no patch: it has neither `*** Begin Patch` nor `--- a/PATH` and `+++ b/PATH`")
	}
	return p.changes, nil
}

func (p *unifiedParser) number() int { return p.first + p.next }

// startsFile reports whether line n and the next are `---` and `+++`.
func (p *unifiedParser) startsFile(n int) bool {
	return n+1 < len(p.lines) && strings.HasPrefix(p.lines[n], "--- ") && strings.HasPrefix(p.lines[n+1], "+++ ")
}

func (p *unifiedParser) file() error {
	begin := p.number()
	var f unifiedFile
	if err := p.headers(&f); err != nil {
		return err
	}
	if err := p.hunks(&f); err != nil {
		return err
	}
	c, err := f.change()
	if err != nil {
		return fmt.Errorf("line %d of the patch: %w", begin, err)
	}
	p.changes = append(p.changes, c)
	return nil
}

// headers reads up to the first hunk.
func (p *unifiedParser) headers(f *unifiedFile) error {
	if git, ok := strings.CutPrefix(p.lines[p.next], "diff --git "); ok {
		f.git = git
		p.next++
	}
	for ; p.next < len(p.lines); p.next++ {
		line := p.lines[p.next]
		key, value := extendedHeader(line)
		switch {
		case p.startsFile(p.next):
			f.old, f.new = line[4:], p.lines[p.next+1][4:]
			p.next += 2
			return nil
		case f.git == "" || key == "":
			return nil
		case key == "rename from":
			f.from = value
		case key == "rename to":
			f.to = value
		case key == "new mode":
			f.mode = value
		case key == "new file mode":
			f.added, f.mode = true, value
		case key == "deleted file mode":
			f.deleted = true
			if err := regular(value); err != nil {
				return fmt.Errorf("line %d of the patch: %w", p.number(), err)
			}
		case key == "copy":
			return fmt.Errorf("line %d of the patch: copies are not taken: add the file with its content", p.number())
		case key == "binary":
			return fmt.Errorf("line %d of the patch: binary changes are not taken", p.number())
		}
	}
	return nil
}

// extendedHeader splits a header of git's. An unknown line has no key.
func extendedHeader(line string) (key, value string) {
	for _, key := range []string{"rename from", "rename to", "old mode", "new mode", "new file mode", "deleted file mode", "similarity index", "dissimilarity index", "index"} {
		if value, ok := strings.CutPrefix(line, key+" "); ok {
			return key, strings.TrimSpace(value)
		}
	}
	switch {
	case strings.HasPrefix(line, "copy from "), strings.HasPrefix(line, "copy to "):
		return "copy", ""
	case strings.HasPrefix(line, "Binary files "), strings.HasPrefix(line, "GIT binary patch"):
		return "binary", ""
	}
	return "", ""
}

// hunks reads the hunks of one file.
func (p *unifiedParser) hunks(f *unifiedFile) (err error) {
	var h *hunk
	for ; p.next < len(p.lines); p.next++ {
		n, line := p.number(), p.lines[p.next]
		switch {
		case strings.HasPrefix(line, "@@"):
			f.hunks = append(f.hunks, newHunk(line, n))
			h = &f.hunks[len(f.hunks)-1]
			continue
		case line == endPatch, line == beginPatch, line == endOfFile, markedHeader.MatchString(line):
			return mixed(n, line)
		case h == nil && line == "":
			continue
		case p.ends(h):
			f.hunks, err = finish(f.hunks)
			return err
		case h == nil && f.old != "" && strings.ContainsAny(line[:1], " +-"):
			f.hunks = append(f.hunks, hunk{line: n})
			h = &f.hunks[0]
		case h == nil:
			return nil
		}
		if err := h.add(line, n); err != nil {
			return err
		}
	}
	f.hunks, err = finish(f.hunks)
	return err
}

// ends reports whether a hunk ends before the next line although that may look like
// one of its lines: the headers of another file begin with - and + too. The counts
// decide only where they fit exactly.
func (p *unifiedParser) ends(h *hunk) bool {
	line := p.lines[p.next]
	if gitHeader.MatchString(line) || strings.HasPrefix(line, "Index: ") || strings.HasPrefix(line, "diff ") {
		return true
	}
	old, fresh := 0, 0
	if h != nil {
		old, fresh = h.missing()
	}
	if p.startsFile(p.next) {
		return h == nil || !h.numbered || old != 1 || fresh != 1 || nameOneFile(line, p.lines[p.next+1])
	}
	if h == nil || !h.numbered || old > 0 || fresh > 0 {
		return false
	}
	return line == "-- " || line == "--" || line != "" && !strings.ContainsAny(line[:1], " +-\\")
}

// nameOneFile reports whether two headers are certainly those of a file.
func nameOneFile(old, fresh string) bool {
	f := unifiedFile{old: strings.TrimPrefix(old, "--- "), new: strings.TrimPrefix(fresh, "+++ ")}
	_, _, err := f.names()
	return err == nil
}

// change returns the file as its headers mean it.
func (f *unifiedFile) change() (FileChange, error) {
	old, fresh, err := f.names()
	if err != nil {
		return FileChange{}, err
	}
	c := FileChange{Op: Update, Path: fresh, hunks: f.hunks}
	switch added, deleted := f.added || old == devNull, f.deleted || fresh == devNull; {
	case added && deleted:
		return c, fmt.Errorf("the patch both adds and deletes %s", fresh)
	case deleted:
		c.Op, c.Path = Delete, old
	case added:
		c.Op, c.hunks = Add, nil
		if c.Content, err = f.content(); err != nil {
			return c, fmt.Errorf("%s: %w", fresh, err)
		}
	case old != fresh:
		c.Path, c.MoveTo = old, fresh
	}
	if f.mode != "" {
		if err := regular(f.mode); err != nil {
			return c, fmt.Errorf("%s: %w", fresh, err)
		}
		mode := fs.FileMode(0o644)
		if f.mode == "100755" {
			mode = 0o755
		}
		c.Mode = &mode
	}
	return c, nil
}

// content returns the text of a new file.
func (f *unifiedFile) content() (string, error) {
	var b strings.Builder
	for _, h := range f.hunks {
		for _, line := range h.lines[:len(h.lines)-h.looseBlanks] {
			if line.kind != '+' && line.text != "" {
				return "", fmt.Errorf("it is a new file, and its patch has the old line %q", shortened(line.text))
			}
			b.WriteString(line.text + "\n")
		}
		if h.newOpen {
			return strings.TrimSuffix(b.String(), "\n"), nil
		}
	}
	return b.String(), nil
}

func regular(mode string) error {
	if mode == "100644" || mode == "100755" {
		return nil
	}
	return fmt.Errorf("the mode %q is not that of a file: links and submodules are not taken", shortened(mode))
}

// names returns the old and the new path, without git's prefixes.
func (f *unifiedFile) names() (old, fresh string, err error) {
	switch {
	case f.from != "" && f.to != "":
		return unquoted(f.from), unquoted(f.to), nil
	case f.from != "" || f.to != "":
		return "", "", errors.New("a rename needs both `rename from` and `rename to`")
	case f.old == "":
		name, ok := sameName(f.git)
		if !ok {
			return "", "", fmt.Errorf("`diff --git %s` does not name one file, and no `--- a/PATH` follows", shortened(f.git))
		}
		return name, name, nil
	}
	old, fresh = unquoted(f.old), unquoted(f.new)
	if old == devNull {
		return old, withoutPrefix(fresh), nil
	}
	if fresh == devNull {
		return withoutPrefix(old), fresh, nil
	}
	bareOld, bareNew := withoutPrefix(old), withoutPrefix(fresh)
	switch {
	case old == fresh:
		return old, fresh, nil
	case bareOld == bareNew, bareOld == fresh:
		return bareOld, bareOld, nil
	case old == bareNew, old == fresh+".orig", bareOld == bareNew+".orig":
		return bareNew, bareNew, nil
	}
	return "", "", fmt.Errorf("`--- %s` and `+++ %s` are two files: a rename needs `rename from` and `rename to`", shortened(old), shortened(fresh))
}

// withoutPrefix takes off the letter that git puts before paths.
func withoutPrefix(name string) string {
	if len(name) > 2 && name[1] == '/' && strings.Contains("abciow", name[:1]) {
		return name[2:]
	}
	return name
}

// sameName splits `a/NAME b/NAME`.
func sameName(git string) (string, bool) {
	git = strings.TrimSpace(git)
	if strings.HasPrefix(git, `"`) {
		for i := 1; i < len(git)-1; i++ {
			if git[i] == '"' && git[i+1] == ' ' {
				a, b := withoutPrefix(unquoted(git[:i+1])), withoutPrefix(unquoted(git[i+2:]))
				return a, a == b
			}
		}
		return "", false
	}
	half := len(git) / 2
	if len(git)%2 == 0 || git[half] != ' ' {
		return "", false
	}
	a, b := withoutPrefix(git[:half]), withoutPrefix(git[half+1:])
	return a, a == b
}

// unquoted reads a path as diff writes it: a time stamp may follow behind a tab, and
// a path with special characters is quoted.
func unquoted(name string) string {
	if strings.HasPrefix(name, `"`) {
		if end := strings.LastIndexByte(name, '"'); end > 0 {
			if plain, err := strconv.Unquote(name[:end+1]); err == nil {
				return plain
			}
		}
	}
	name, _, _ = strings.Cut(name, "\t")
	return strings.TrimRight(name, " \r")
}
