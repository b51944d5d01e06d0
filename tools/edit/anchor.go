package edit

import (
	"sort"
	"strings"
)

// afterAnchor returns the first place behind the hunk's anchors, and behind the
// hunk before it. Where an anchor stands several times, all must lead to the same
// place.
func (a *applier) afterAnchor(h *hunk, m *match) (place, bool) {
	text, pattern, s := a.search(m)
	first := -1
	for _, from := range a.anchors(h) {
		at, ok := text.findFrom(text.folding(max(from, a.done)), pattern, s, &a.work)
		if !ok {
			continue
		}
		if first >= 0 && first != at {
			return place{}, false
		}
		first = at
	}
	if first < 0 {
		return place{}, false
	}
	return a.finder.place(m, text, first, len(pattern)), true
}

// anchors returns where the lines begin that the hunk's anchors name.
func (a *applier) anchors(h *hunk) []int {
	var found []int
	for n, anchor := range h.anchors {
		lines := a.linesLike(anchor)
		if n == 0 {
			found = lines
			continue
		}
		var inner []int
		for _, outer := range found {
			i := sort.SearchInts(lines, outer+1)
			if i < len(lines) && (len(inner) == 0 || inner[len(inner)-1] != lines[i]) {
				inner = append(inner, lines[i])
			}
		}
		found = inner
	}
	return found
}

// linesLike returns where the lines begin that are an anchor, white space around
// them aside. If none is, it takes those that begin with it, then those that have
// it: models shorten such lines.
func (a *applier) linesLike(anchor string) []int {
	text := a.folded(foldEnds | foldTrailing | foldLeading)
	offsets := text.find(anchor+"\n", search{lines: true}, &a.work)
	if len(offsets) == 0 {
		offsets = text.find(anchor, search{lines: true}, &a.work)
	}
	if len(offsets) == 0 {
		offsets = text.find(anchor, search{}, &a.work)
	}
	var lines []int
	for _, at := range offsets {
		at = text.source(strings.LastIndexByte(text.text[:at], '\n') + 1)
		if len(lines) == 0 || lines[len(lines)-1] != at {
			lines = append(lines, at)
		}
	}
	return lines
}

// cursor is where a line, counted from 0, begins.
type cursor struct{ line, offset int }

// offsetOf returns where a line, counted from 0, begins. It looks behind the last
// hunk only.
func (a *applier) offsetOf(line int) (int, bool) {
	c := a.ahead
	if c.line > line {
		c = a.last
	}
	for c.line < line {
		rest := a.text[c.offset:]
		if len(rest) > lineChunk {
			rest = rest[:lineChunk]
			if n := strings.Count(rest, "\n"); n > 0 && c.line+n <= line {
				a.work -= lineChunk
				c.line += n
				c.offset += strings.LastIndexByte(rest, '\n') + 1
				continue
			}
		}
		next := strings.IndexByte(a.text[c.offset:], '\n')
		if next < 0 {
			return 0, false
		}
		c.line++
		c.offset += next + 1
	}
	a.ahead = c
	return c.offset, c.line == line
}

// lineChunk is how much text is searched for line ends at once.
const lineChunk = 4096

// lineOf returns the line, counted from 0, that begins at an offset behind the
// last hunk's.
func (a *applier) lineOf(offset int) int {
	a.last.line += strings.Count(a.text[a.last.offset:offset], "\n")
	a.last.offset = offset
	return a.last.line
}
