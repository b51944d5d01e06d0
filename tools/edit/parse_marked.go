package edit

import (
	"fmt"
	"regexp"
	"strings"
)

const (
	beginPatch = "*** Begin Patch"
	endPatch   = "*** End Patch"
	endOfFile  = "*** End of File"
	moveTo     = "*** Move to:"
)

var markedHeader = regexp.MustCompile(`^\*\*\* (Add|Update|Delete) File:\s*(.*?)\s*$`)

// markedParser reads the `*** Begin Patch` format.
type markedParser struct {
	lines   []string
	next    int
	first   int // number of lines[0] in the patch
	padding string
	changes []FileChange
}

func parseMarked(lines []string, first int) ([]FileChange, error) {
	p := &markedParser{lines: lines, first: first}
	p.unpad()
	for p.next < len(p.lines) {
		if err := p.envelope(); err != nil {
			return nil, err
		}
		for p.next < len(p.lines) && isBlank(p.lines[p.next]) {
			p.next++
		}
	}
	return p.changes, nil
}

// unpad takes off the white space before the first marker, from all lines if all
// have it, else from markers alone.
func (p *markedParser) unpad() {
	p.padding, _ = cutIndent(p.lines[0])
	if p.padding == "" {
		return
	}
	for _, line := range p.lines {
		if !strings.HasPrefix(line, p.padding) && !isBlank(line) {
			return
		}
	}
	for i, line := range p.lines {
		p.lines[i] = strings.TrimPrefix(line, p.padding)
	}
	p.padding = ""
}

// marker returns line n as a marker. In a hunk, a line that begins with a space is
// context, even if it looks like a marker, unless the first marker is padded so too.
func (p *markedParser) marker(n int, inHunk bool) (string, bool) {
	line := p.lines[n]
	padding, rest := cutIndent(line)
	if !strings.HasPrefix(rest, "*** ") {
		return "", false
	}
	rest = strings.TrimSpace(rest)
	switch {
	case padding == "", !inHunk, padding == p.padding, padding[0] == '\t':
		return rest, true
	case rest == endPatch && n == len(p.lines)-1:
		return rest, true
	case strings.HasPrefix(rest, "*** Update File:") && n+1 < len(p.lines) && strings.HasPrefix(p.lines[n+1], "@@"):
		return rest, true
	}
	return "", false
}

// envelope reads from `*** Begin Patch` to `*** End Patch`.
func (p *markedParser) envelope() error {
	if strings.TrimSpace(p.lines[p.next]) == beginPatch {
		p.next++
	} else if !markedHeader.MatchString(strings.TrimSpace(p.lines[p.next])) {
		return p.unexpected("after `*** End Patch`")
	}
	for p.next < len(p.lines) {
		marker, ok := p.marker(p.next, false)
		header := markedHeader.FindStringSubmatch(marker)
		switch {
		case isBlank(p.lines[p.next]):
			p.next++
		case ok && marker == endPatch:
			p.next++
			return nil
		case header == nil:
			return p.unexpected("where `*** Add File:`, `*** Update File:` or `*** Delete File:` should stand")
		default:
			p.next++
			if err := p.section(Op(strings.ToLower(header[1])), header[2]); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the patch has no `%s` at its end: it may be cut off", endPatch)
}

func (p *markedParser) unexpected(where string) error {
	line := p.lines[p.next]
	if gitHeader.MatchString(line) || strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "+++ ") {
		return mixed(p.first+p.next, line)
	}
	return fmt.Errorf("line %d of the patch: %q %s", p.first+p.next, shortened(line), where)
}

func (p *markedParser) section(op Op, path string) error {
	c := FileChange{Op: op, Path: path}
	var err error
	switch op {
	case Add:
		c.Content, err = p.content()
	default:
		if p.next < len(p.lines) && op == Update {
			if marker, ok := p.marker(p.next, false); ok && strings.HasPrefix(marker, moveTo) {
				c.MoveTo = strings.TrimSpace(strings.TrimPrefix(marker, moveTo))
				p.next++
				if c.MoveTo == "" {
					return fmt.Errorf("line %d of the patch: `*** Move to:` has no path", p.first+p.next-1)
				}
				if c.MoveTo == path {
					return fmt.Errorf("the patch moves %s to itself", path)
				}
			}
		}
		c.hunks, err = p.hunks()
	}
	p.changes = append(p.changes, c)
	return err
}

// content reads the lines of a new file. Empty lines may lack their +.
func (p *markedParser) content() (string, error) {
	var b strings.Builder
	blanks := 0
	for begin := p.next; p.next < len(p.lines); p.next++ {
		line := p.lines[p.next]
		if _, ok := p.marker(p.next, false); ok && line[0] != '+' {
			break
		}
		switch {
		case line == "":
			blanks++
		case line[0] == '+':
			b.WriteString(strings.Repeat("\n", blanks) + line[1:] + "\n")
			blanks = 0
		case strings.HasPrefix(line, "@@") && p.next == begin:
		case line[0] == '\\':
			return strings.TrimSuffix(b.String(), "\n"), p.skip()
		default:
			return "", p.unexpected("in a new file, whose lines begin with +")
		}
	}
	return b.String(), nil
}

func (p *markedParser) skip() error { p.next++; return nil }

// hunks reads the hunks of one file.
func (p *markedParser) hunks() ([]hunk, error) {
	var hunks []hunk
	var h *hunk
	if p.startsUnified() {
		return nil, mixed(p.first+p.next, p.lines[p.next])
	}
	for ; p.next < len(p.lines); p.next++ {
		n, line := p.first+p.next, p.lines[p.next]
		if marker, ok := p.marker(p.next, h != nil); ok {
			if marker != endOfFile {
				break
			}
			if h != nil {
				h.atEnd = true
			}
			continue
		}
		switch {
		case strings.HasPrefix(line, "@@"):
			next := newHunk(line, n)
			if h != nil && h.isEmpty() && !h.numbered {
				next.anchors = append(h.anchors, next.anchors...) // one inside the other
				*h = next
				continue
			}
			hunks = append(hunks, next)
			h = &hunks[len(hunks)-1]
			continue
		case h == nil && isBlank(line):
			continue
		case gitHeader.MatchString(line):
			return nil, mixed(n, line)
		case h == nil || h.atEnd && line != "":
			hunks = append(hunks, hunk{line: n})
			h = &hunks[len(hunks)-1]
		}
		if err := h.add(line, n); err != nil {
			return nil, err
		}
	}
	return finish(hunks)
}

// startsUnified reports whether the headers of a unified diff follow.
func (p *markedParser) startsUnified() bool {
	return p.next+1 < len(p.lines) && strings.HasPrefix(p.lines[p.next], "--- ") && strings.HasPrefix(p.lines[p.next+1], "+++ ")
}

// finish closes the hunks of a file and refuses those that say nothing.
func finish(hunks []hunk) ([]hunk, error) {
	for i := range hunks {
		h := &hunks[i]
		h.close()
		if h.isEmpty() {
			return nil, fmt.Errorf("line %d of the patch: hunk %d (%s) has no lines", h.line, i+1, shortened(h.header))
		}
	}
	return hunks, nil
}
