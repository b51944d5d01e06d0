package edit

import (
	"iter"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// passage is what an edit looks for and what it puts there.
type passage struct {
	old, new string
	lines    bool  // whole lines, as in a hunk
	keep     []int // for each line of new the line of old that it repeats, or -1; nil to compare
}

// place is where a passage stands in a text.
type place struct {
	start, end int
	open       bool // the text ends here without the last newline of the passage
	indent     indent
}

// step is one step of the ladder: the differences that it overlooks.
type step struct {
	fold    fold
	numbers bool // read_file's line numbers are not part of the passage
}

// ladder is the order in which differences are overlooked. A step also overlooks
// what the steps before it do.
var ladder = []step{
	{fold: 0},
	{fold: foldEnds},
	{fold: foldEnds, numbers: true},
	{fold: foldEnds | foldTrailing},
	{fold: foldEnds | foldTrailing, numbers: true},
	{fold: foldEnds | foldTrailing | foldLeading},
	{fold: foldEnds | foldTrailing | foldLeading, numbers: true},
	{fold: foldEnds | foldTrailing | foldTypes},
	{fold: foldEnds | foldTrailing | foldTypes, numbers: true},
	{fold: foldEnds | foldTrailing | foldLeading | foldTypes},
	{fold: foldEnds | foldTrailing | foldLeading | foldTypes, numbers: true},
}

// match is a passage as it was found, without line numbers where these were in the
// way, and its places.
type match struct {
	passage
	step
	places []place
}

// finder finds passages in one text.
type finder struct {
	text  string
	folds map[fold]*folded
	work  int // what is left of maxWork

	// Asked for only when a passage does not fit exactly.
	ends  func() lineEnds
	types func() bool
	style func() style
}

func newFinder(text string) *finder {
	return &finder{
		text: text, folds: map[fold]*folded{}, work: maxWork,
		ends:  sync.OnceValue(func() lineEnds { return endsOf(text) }),
		types: sync.OnceValue(func() bool { return hasTypes(text) }),
		style: sync.OnceValue(func() style { return styleOf(text) }),
	}
}

func (f *finder) folded(k fold) *folded {
	if f.folds[k] == nil {
		f.folds[k] = foldText(f.text, k)
	}
	return f.folds[k]
}

// steps returns the steps that can make a difference for p, each with p as it is
// looked for.
func (f *finder) steps(p passage) iter.Seq[match] {
	return func(yield func(match) bool) {
		bare, numbered := p.withoutNumbers()
		for _, s := range ladder {
			m := match{passage: p, step: s}
			if s.numbers {
				m.passage = bare
			}
			if s.numbers && !numbered || !f.matters(s, p) {
				continue
			}
			if !yield(m) {
				return
			}
		}
	}
}

// matters reports whether a step can find what the one before it does not.
func (f *finder) matters(s step, p passage) bool {
	switch {
	case s.fold == 0, s.fold == foldEnds && s.numbers:
		return true
	case s.fold == foldEnds:
		return strings.Contains(p.old, "\r\n") || f.ends().crlf()
	case isBlank(p.old):
		return false
	}
	return s.fold&foldTypes == 0 || hasTypes(p.old) || f.types()
}

// look fills in the places of a step. all asks for places that do not overlap.
func (f *finder) look(m *match, all bool) {
	text, pattern, s := f.search(m)
	s.disjoint = all
	for _, at := range text.find(pattern, s, &f.work) {
		m.places = append(m.places, f.place(m, text, at, len(pattern)))
	}
}

// search returns what a step looks for, and where.
func (f *finder) search(m *match) (*folded, string, search) {
	pattern := foldText(m.old, m.fold).text
	var text *folded
	if m.fold == foldEnds && f.ends().all("\r\n") { // cheaper than to fold the text
		text, pattern = f.folded(0), strings.ReplaceAll(pattern, "\n", "\r\n")
	} else {
		text = f.folded(m.fold)
	}
	s := search{lines: m.lines || m.fold&foldLeading != 0, end: m.endsLine()}
	if m.fold&foldLeading != 0 {
		m.compare()
		s.also = func(at int) bool {
			f.work -= indentWork * len(pattern)
			_, ok := f.indented(m, f.stretch(m, text, at, len(pattern)))
			return ok
		}
	}
	return text, pattern, s
}

// endsLine reports whether the passage ends with white space that is overlooked: it
// is that of a line's end then.
func (m *match) endsLine() bool {
	return m.fold&foldTrailing != 0 && trimRight(m.old, m.fold) != m.old
}

// place returns the place of m at an offset in the folded text.
func (f *finder) place(m *match, text *folded, at, size int) place {
	p := f.stretch(m, text, at, size)
	if m.fold&foldLeading != 0 {
		p, _ = f.indented(m, p)
	}
	return p
}

// stretch is place without regard to indentation.
func (f *finder) stretch(m *match, text *folded, at, size int) place {
	end := at + size
	p := place{start: text.source(at), open: end > len(text.text)}
	end = min(end, len(text.text))
	p.end = text.source(end)
	if m.endsLine() {
		if p.end = text.after(end); p.end > p.start && p.end < len(f.text) && f.text[p.end-1] == '\r' {
			p.end--
		}
	}
	return p
}

// differences names what was overlooked at a place.
func (f *finder) differences(m *match, p place) []string {
	var said []string
	if m.numbers {
		said = append(said, "line numbers of read_file (left out)")
	}
	region, old := splitLines(f.text[p.start:p.end]), splitLines(m.old)
	var ends, trailing, types bool
	for i := range min(len(region), len(old)) {
		has, hasEnd := cutEnd(region[i])
		want, wantEnd := cutEnd(old[i])
		ends = ends || hasEnd != wantEnd && hasEnd != "" && wantEnd != ""
		hasTrim, wantTrim := strings.TrimRight(has, " \t"), strings.TrimRight(want, " \t")
		trailing = trailing || has[len(hasTrim):] != want[len(wantTrim):]
		types = types || strings.TrimLeft(hasTrim, " \t") != strings.TrimLeft(wantTrim, " \t")
	}
	if ends {
		said = append(said, "line ends (the file's are kept)")
	}
	if trailing && m.fold&foldTrailing != 0 {
		said = append(said, "trailing white space")
	}
	if p.indent.said != "" {
		said = append(said, p.indent.said)
	}
	if types && m.fold&foldTypes != 0 {
		said = append(said, "typographic quotes, dashes or spaces")
	}
	if p.open && !m.lines {
		said = append(said, "a last newline that the file does not have")
	}
	return said
}

// numbered is a line as read_file shows it. A model may have cut the white space
// at both of its ends.
var numbered = regexp.MustCompile(`^ *([0-9]+)(?:\t|$)`)

// withoutNumbers returns the passage without read_file's line numbers, if every
// line of old has one and they count up by one.
func (p passage) withoutNumbers() (passage, bool) {
	if p.old == "" || !strings.ContainsAny(p.old[:1], " 0123456789") {
		return p, false
	}
	first, last := 0, 0
	old, ok := cutNumbers(p.old, func(n int) bool {
		if first == 0 {
			first, last = n, n-1
		}
		last++
		return n == last
	})
	if !ok || !strings.Contains(p.old, "\t") {
		return p, false
	}
	end := last + strings.Count(p.new, "\n") + 1
	p.old = old
	p.new, _ = cutNumbers(p.new, func(n int) bool { return first <= n && n <= end })
	if !p.lines {
		p.keep = nil
	}
	return p, true
}

// cutNumbers cuts the line numbers that plausible accepts, and reports whether
// every line had one.
func cutNumbers(text string, plausible func(int) bool) (string, bool) {
	var b strings.Builder
	all := true
	for line := range strings.Lines(text) {
		body, end := cutEnd(line)
		if found := numbered.FindStringSubmatch(body); found != nil {
			if n, err := strconv.Atoi(found[1]); err == nil && plausible(n) {
				b.WriteString(body[len(found[0]):] + end)
				continue
			}
		}
		all = false
		b.WriteString(line)
	}
	return b.String(), all
}
