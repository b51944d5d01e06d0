package edit

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// numbers are those of a unified diff's hunk: `@@ -12,5 +12,6 @@ func f() {`.
var numbers = regexp.MustCompile(`^@@+\s*-(\d+)(?:,(\d+))?\s+\+(\d+)(?:,(\d+))?(?:\s*@@+(.*))?\s*$`)

// newHunk reads a line that begins with @@.
func newHunk(line string, n int) hunk {
	h := hunk{line: n, header: strings.TrimSpace(line)}
	if found := numbers.FindStringSubmatch(line); found != nil {
		h.numbered = true
		h.oldStart, h.oldCount, h.newCount = number(found[1], 0), number(found[2], 1), number(found[4], 1)
		return h
	}
	if anchor := anchorOf(line); anchor != "" {
		h.anchors = []string{anchor}
	}
	return h
}

// anchorOf returns the text behind @@, without a closing @@.
func anchorOf(line string) string {
	anchor := strings.TrimSpace(strings.TrimLeft(line, "@"))
	anchor = strings.TrimSpace(strings.TrimSuffix(anchor, "@@"))
	if anchor == "..." || anchor == "…" {
		return ""
	}
	return anchor
}

// number reads digits. Numbers beyond a billion are no lines of a file.
func number(digits string, otherwise int) int {
	if digits == "" {
		return otherwise
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > 1e9 {
		return 1e9
	}
	return n
}

// add adds a line of the patch to the hunk. An empty line is empty context.
func (h *hunk) add(line string, n int) error {
	switch {
	case line == "":
		h.lines = append(h.lines, hunkLine{' ', ""})
		h.looseBlanks++
		return nil
	case line[0] == ' ', line[0] == '+', line[0] == '-':
		h.lines = append(h.lines, hunkLine{line[0], line[1:]})
		h.looseBlanks = 0
		return nil
	case line[0] == '\\' && len(h.lines) > 0:
		last := h.lines[len(h.lines)-1].kind
		h.oldOpen = h.oldOpen || last != '+'
		h.newOpen = h.newOpen || last != '-'
		return nil
	}
	return fmt.Errorf("line %d of the patch: %q: each line of a hunk begins with a space, + or -", n, shortened(line))
}

// counts returns the old and the new lines of the hunk.
func (h *hunk) counts() (old, fresh int) {
	for _, line := range h.lines {
		if line.kind != '+' {
			old++
		}
		if line.kind != '-' {
			fresh++
		}
	}
	return old, fresh
}

// missing returns how many old and new lines the header says are still to come.
func (h *hunk) missing() (old, fresh int) {
	old, fresh = h.counts()
	return h.oldCount - old, h.newCount - fresh
}

// close ends the hunk. Empty lines at its end go where the counts say so.
func (h *hunk) close() {
	old, fresh := h.missing()
	if h.numbered && old < 0 && old == fresh && -old <= h.looseBlanks {
		h.lines = h.lines[:len(h.lines)+old]
		h.looseBlanks += old
	}
}

// isEmpty reports whether nothing but blank lines followed the header.
func (h *hunk) isEmpty() bool { return len(h.lines) == h.looseBlanks }
