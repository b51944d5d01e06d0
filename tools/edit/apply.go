package edit

import (
	"fmt"
	"sort"
	"strings"
)

// Apply returns the text of an updated file. For a Delete with hunks it checks that
// these take away the whole text. The error names the file and the hunk that does
// not fit, and shows the file there. Nothing is applied then.
//
// A hunk with numbers goes to its line, as far as the hunks before it were moved,
// if it fits there exactly (line ends aside). Else it goes to the one place that
// fits, where the differences that Replace overlooks are overlooked too. A hunk
// without numbers goes to the one place, or to the first after its anchor. What a
// hunk before it has changed is no place any more, and it never goes before that.
func (c FileChange) Apply(text string) (Result, error) {
	a := applier{file: c.Path, finder: newFinder(text)}
	for i := range c.hunks {
		if err := a.hunk(i, &c.hunks[i]); err != nil {
			return Result{}, err
		}
	}
	a.out.WriteString(text[a.done:])
	a.result.Text = a.out.String()
	switch {
	case c.Op == Delete && len(c.hunks) > 0 && a.result.Text != "":
		return Result{}, fmt.Errorf("%s: the patch deletes the file, but does not have all its lines", c.Path)
	case c.Op == Update && !a.differs && c.MoveTo == "" && c.Mode == nil:
		return Result{}, fmt.Errorf("%s: %w", c.Path, errNothingChanged)
	}
	return a.result, nil
}

// applier applies the hunks of a file one after the other.
type applier struct {
	*finder
	file   string
	result Result

	differs bool
	out     strings.Builder
	done    int   // the end of the last changed line; the text up to here is written
	changed []int // begin and end of the changed parts, in their order
	moved   int   // lines that the last numbered hunk stood behind its number

	last, ahead cursor // of the last hunk, and of the line asked for last
}

// fail makes the error for a hunk.
func (a *applier) fail(i int, h *hunk, format string, args ...any) error {
	name := fmt.Sprintf("%s, hunk %d", a.file, i+1)
	if h.header != "" && h.header != "@@" {
		name += " (" + shortened(h.header) + ")"
	}
	return fmt.Errorf("%s: "+format, append([]any{name}, args...)...)
}

func (a *applier) hunk(i int, h *hunk) error {
	full := h.passage(0)
	if full.old == "" {
		return a.insert(i, h, full)
	}
	tries := []passage{full}
	if h.looseBlanks > 0 {
		if short := h.passage(h.looseBlanks); short.old != "" {
			tries = append(tries, short)
		}
	}
	if h.numbered {
		if m, p, ok := a.atItsLine(h, tries); ok {
			return a.place(i, h, m, p)
		}
	}
	for _, try := range tries {
		for m := range a.steps(try) {
			a.look(&m, false)
			if a.work < 0 {
				return a.fail(i, h, "%w", errTooAmbiguous)
			}
			if m.places = a.left(m.places); len(m.places) == 0 {
				continue
			}
			p, err := a.choose(i, h, &m)
			if err != nil {
				return err
			}
			return a.place(i, h, &m, p)
		}
	}
	return a.fail(i, h, "its lines are not in the file. %s%s", nearest(a.text, full.old, "the hunk", true, a.expected(h)), already(a.text, full.new))
}

// expected returns the index of the line where a hunk should be: that of its numbers,
// else the one behind the hunk before it.
func (a *applier) expected(h *hunk) int {
	if h.numbered {
		return max(0, h.oldStart-1+a.moved)
	}
	return lineAt(a.text, a.done) - 1
}

// passage returns the hunk as whole lines, without the last cut of its lines.
func (h *hunk) passage(cut int) passage {
	p := passage{lines: true, keep: []int{}}
	var old, fresh strings.Builder
	n := 0
	for _, line := range h.lines[:len(h.lines)-cut] {
		if line.kind != '-' {
			kept := -1
			if line.kind == ' ' {
				kept = n
			}
			p.keep = append(p.keep, kept)
			fresh.WriteString(strings.TrimSuffix(line.text, "\r") + "\n")
		}
		if line.kind != '+' {
			old.WriteString(line.text + "\n")
			n++
		}
	}
	p.old, p.new = old.String(), fresh.String()
	return p
}

// atItsLine returns the place at the hunk's own line, if it fits there.
func (a *applier) atItsLine(h *hunk, tries []passage) (*match, place, bool) {
	at, ok := a.offsetOf(h.oldStart - 1 + a.moved)
	if !ok || at < a.done {
		return nil, place{}, false
	}
	for _, k := range []fold{0, foldEnds} {
		text := a.folded(k)
		for _, try := range tries {
			m := &match{passage: try, step: step{fold: k}}
			folding := text.folding(at)
			if !text.fits(try.old, folding) {
				continue
			}
			p := a.finder.place(m, text, folding, len(try.old))
			if !h.atEnd || isBlank(a.text[p.end:]) {
				return m, p, true
			}
		}
	}
	return nil, place{}, false
}

// left returns the places that no hunk has changed.
func (a *applier) left(places []place) []place {
	kept := places[:0]
	for _, p := range places {
		// the first changed part that ends behind the place's start
		i := sort.Search(len(a.changed)/2, func(i int) bool { return a.changed[2*i+1] > p.start })
		if i == len(a.changed)/2 || a.changed[2*i] >= p.end {
			kept = append(kept, p)
		}
	}
	return kept
}

// choose returns the one place of a hunk, or the first after its anchor.
func (a *applier) choose(i int, h *hunk, m *match) (place, error) {
	p, ok := m.places[0], len(m.places) == 1
	if h.atEnd || h.oldOpen {
		text, pattern, s := a.search(m)
		at, ends := text.findEnd(pattern, s)
		if ends {
			p, ok = a.finder.place(m, text, at, len(pattern)), true
		} else if h.atEnd {
			return place{}, a.fail(i, h, "it is marked `%s`, but its lines are at %s, and the file goes on behind", endOfFile, a.whereAre(m.places))
		}
	}
	if !ok {
		p, ok = a.afterAnchor(h, m)
	}
	switch {
	case a.work < 0:
		return place{}, a.fail(i, h, "%w", errTooAmbiguous)
	case !ok:
		return place{}, a.fail(i, h, "its lines are at %s. Give more lines around the change, or an @@ line with a line that stands only once before it", a.whereAre(m.places))
	case p.start < a.done:
		return place{}, a.fail(i, h, "it fits only before the hunk before it, at line %d: put the hunks in the order of the file\n%s", lineAt(a.text, p.start), a.show(p.start))
	}
	return p, nil
}

// insert applies a hunk of added lines alone. Nothing but its header says where.
func (a *applier) insert(i int, h *hunk, p passage) error {
	at, ok := 0, false
	anchors := a.anchors(h)
	switch {
	case a.text == "":
		ok = true
	case h.numbered && h.oldCount == 0:
		at, ok = a.offsetOf(h.oldStart + a.moved)
		if !ok && !strings.HasSuffix(a.text, "\n") && strings.Count(a.text, "\n")+1 == h.oldStart+a.moved {
			at, ok = len(a.text), true
		}
	case h.atEnd:
		at, ok = len(a.text), true
	case len(anchors) == 1:
		at, ok = len(a.text), true
		if n := strings.IndexByte(a.text[anchors[0]:], '\n'); n >= 0 {
			at = anchors[0] + n + 1
		}
	}
	switch {
	case !ok:
		return a.fail(i, h, "it only adds lines, and nothing says where: give the lines before and behind them")
	case at < a.done:
		return a.fail(i, h, "it would go before the hunk before it: put the hunks in the order of the file\n%s", a.show(at))
	}
	where := place{start: at, end: at}
	m := match{passage: p}
	before := ""
	if at > 0 && !startsLine(a.text, at) { // behind a last line without line end
		before = a.nearbyEnd(at)
		where.open = true
	}
	if before == "" && where.open {
		before = "\n"
	}
	b := strings.Builder{}
	b.WriteString(before)
	a.put(&b, &m, where)
	a.write(h, &m, where, b.String())
	return nil
}

// show shows some lines of the file from offset on.
func (a *applier) show(offset int) string {
	lines := bodies(splitLines(a.text))
	n := lineAt(a.text, offset) - 1
	return strings.TrimSuffix(numberedLines(lines, max(n-1, 0), min(n+5, len(lines))), "\n")
}

// place writes the text up to the place and what replaces it there. Context around
// the changed lines stays unwritten, so that the next hunk may repeat it.
func (a *applier) place(i int, h *hunk, m *match, p place) error {
	for _, said := range a.differences(m, p) {
		a.result.tolerate([]string{fmt.Sprintf("hunk %d: %s", i+1, said)})
	}
	line := a.lineOf(p.start)
	if h.numbered {
		a.moved = line + 1 - h.oldStart
	}
	p = a.narrow(m, p)
	var b strings.Builder
	a.put(&b, m, p)
	a.write(h, m, p, b.String())
	return nil
}

func (a *applier) write(h *hunk, m *match, p place, fresh string) {
	if p.end == len(a.text) && m.new != "" {
		fresh = h.lastEnd(fresh, p.open, a.nearbyEnd(p.start))
	}
	if a.out.Len() == 0 {
		a.out.Grow(len(a.text) + len(fresh))
	}
	a.differs = a.differs || fresh != a.text[p.start:p.end]
	a.out.WriteString(a.text[a.done:p.start])
	a.out.WriteString(fresh)
	a.done = p.end
	a.changed = append(a.changed, p.start, p.end)
	a.result.Places++
}

// narrow cuts the context before and behind the changed lines from a match.
func (a *applier) narrow(m *match, p place) place {
	has, olds, news := splitLines(a.text[p.start:p.end]), splitLines(m.old), splitLines(m.new)
	head := 0
	for head < len(m.keep) && m.keep[head] == head && strings.HasSuffix(has[head], "\n") {
		p.start += len(has[head])
		head++
	}
	tail := 0
	for tail < min(len(olds), len(news))-head && m.keep[len(news)-1-tail] == len(olds)-1-tail {
		tail++
		p.end -= len(has[len(has)-tail])
	}
	p.open = p.open && tail == 0
	m.old = strings.Join(olds[head:len(olds)-tail], "")
	m.new = strings.Join(news[head:len(news)-tail], "")
	keep := make([]int, 0, len(news))
	for _, k := range m.keep[head : len(news)-tail] {
		keep = append(keep, max(k-head, -1))
	}
	m.keep = keep
	return p
}

// lastEnd gives the last line of a file the line end that the hunk asks for by
// `\ No newline at end of file`, or by its absence. open says that fresh has none.
func (h *hunk) lastEnd(fresh string, open bool, end string) string {
	switch {
	case h.newOpen && !h.oldOpen && !open:
		fresh, _ = cutEnd(fresh)
	case h.oldOpen && !h.newOpen && open && end == "":
		fresh += "\n"
	case h.oldOpen && !h.newOpen && open:
		fresh += end
	}
	return fresh
}
