package edit

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// put writes what replaces m at p. Lines that the new text repeats stay as the file
// has them, the others get the line end of the line that they replace, else of the
// line before them.
func (f *finder) put(b *strings.Builder, m *match, p place) {
	region := f.text[p.start:p.end]
	fresh := m.new
	if p.open {
		fresh = strings.TrimSuffix(strings.TrimSuffix(fresh, "\n"), "\r")
	}
	exact := m.fold == 0 || m.fold == foldEnds && !m.lines
	if exact && !strings.Contains(fresh, "\n") && !m.lines {
		b.WriteString(fresh)
		return
	}
	m.compare()
	keep, has, news := m.keep, splitLines(region), splitLines(fresh)
	end, next := "", 0 // the last line end written, and the next line of has
	for i, line := range news {
		body, ownEnd := cutEnd(line)
		paired := next
		if keep[i] >= 0 {
			paired = keep[i]
		}
		hasBody, hasEnd := "", ""
		if keep[i] >= 0 && paired < len(has) || paired < nextKept(keep[i:], len(has)) {
			hasBody, hasEnd = cutEnd(has[paired])
			next = paired + 1
		}
		if keep[i] >= 0 && keep[i] < len(has) {
			body = hasBody
		} else if i > 0 || startsLine(f.text, p.start) {
			body, _ = p.indent.apply(body)
		}
		b.WriteString(body)
		switch {
		case ownEnd == "":
			continue
		case hasEnd != "":
			end = hasEnd
		case end == "":
			end = f.nearbyEnd(p.start)
		}
		if end == "" {
			end = ownEnd
		}
		b.WriteString(end)
	}
}

// compare finds the lines that the new text repeats, where they are not known.
func (m *match) compare() {
	if m.keep == nil {
		m.keep = repeated(splitLines(m.old), splitLines(m.new))
	}
}

// nearbyEnd returns the line end of the line before offset, else that of the first
// line, "" in a text of one line.
func (f *finder) nearbyEnd(offset int) string {
	if ends := f.ends(); !ends.mixed {
		return ends.one
	}
	i := strings.LastIndexByte(f.text[:offset], '\n')
	if i < 0 {
		i = strings.IndexByte(f.text, '\n')
	}
	_, end := cutEnd(f.text[:i+1])
	return end
}

// nextKept returns the first line of old that is kept among the next lines of new,
// or none.
func nextKept(keep []int, none int) int {
	if i := slices.IndexFunc(keep, func(k int) bool { return k >= 0 }); i >= 0 {
		return keep[i]
	}
	return none
}

// repeated finds for each line of news the line of olds that it repeats, in order,
// or -1. Line ends do not count.
func repeated(olds, news []string) []int {
	keep := make([]int, len(news))
	a, b := bodies(olds), bodies(news)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		keep[head] = head
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
		keep[len(b)-tail] = len(a) - tail
	}
	for i := head; i < len(b)-tail; i++ {
		keep[i] = -1
	}
	a, b = a[head:len(a)-tail], b[head:len(b)-tail]
	i, j := 0, 0
	for _, d := range append(diffLines(a, b), lcs.Diff{Start: len(a), End: len(a), ReplStart: len(b), ReplEnd: len(b)}) {
		for ; i < d.Start && j < d.ReplStart; i, j = i+1, j+1 {
			keep[head+j] = head + i
		}
		i, j = d.End, d.ReplEnd
	}
	return keep
}

func bodies(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i], _ = cutEnd(line)
	}
	return out
}
