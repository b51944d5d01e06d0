package markdown

import (
	"strings"

	xansi "github.com/charmbracelet/x/ansi"
)

// flow breaks runs into lines between words.
func (p *page) flow(runs []run, width int) []string { return texts(p.fit(runs, width)) }

// fit is flow that also returns the widths of the lines.
func (p *page) fit(runs []run, width int) []line {
	f := flow{paint: p.paint, width: width}
	for _, r := range runs {
		f.words(r)
	}
	f.endWord()
	f.endLine()
	for n := len(f.lines); n > 0 && f.lines[n-1].width == 0; n-- {
		f.lines = f.lines[:n-1]
	}
	return f.lines
}

// verbatim breaks runs only at newlines and at the width.
func (p *page) verbatim(runs []run, width int) []string {
	f := flow{paint: p.paint, width: width}
	for _, r := range runs {
		for i, part := range strings.Split(r.text, "\n") {
			if i > 0 {
				f.endLine()
			}
			f.put(part, r.look)
		}
	}
	f.endLine()
	return texts(f.lines)
}

// line is a painted line.
type line struct {
	text  string
	width int
}

func texts(lines []line) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.text
	}
	return out
}

// flow breaks text into lines.
type flow struct {
	paint *painter
	width int
	lines []line

	row       []run // of the open line
	column    int
	gap       run // spaces before the word
	word      []run
	wordWidth int
}

// words splits a run into words. A wide character is a word, because scripts with wide
// characters use no spaces.
func (f *flow) words(r run) {
	text := r.text
	for text != "" {
		switch n := strings.IndexAny(text, " \n\t"); {
		case n < 0:
			f.letters(text, r.look)
			return
		case n > 0:
			f.letters(text[:n], r.look)
			text = text[n:]
		case text[0] == '\n':
			f.endWord()
			f.endLine()
			text = text[1:]
		default:
			f.endWord()
			f.gap = run{f.gap.text + " ", r.look}
			text = text[1:]
		}
	}
}

func (f *flow) letters(text string, as look) {
	for text != "" {
		n, wide := 0, 0
		for n < len(text) && wide == 0 {
			cluster, w := first(text[n:])
			if w > 1 {
				wide = w
				if n > 0 {
					break
				}
			}
			n += len(cluster)
			f.wordWidth += w
		}
		f.word = append(f.word, run{text[:n], as})
		text = text[n:]
		if wide > 0 {
			f.endWord()
		}
	}
}

// endWord puts the word on the open line, or on the next.
func (f *flow) endWord() {
	if len(f.word) == 0 {
		return
	}
	gap := len(f.gap.text)
	if f.column > 0 && f.column+gap+f.wordWidth > f.width {
		f.endLine()
	} else if f.column > 0 {
		f.put(f.gap.text, f.gap.look)
	}
	for _, r := range f.word {
		f.put(r.text, r.look)
	}
	f.word, f.wordWidth, f.gap = f.word[:0], 0, run{}
}

// put adds text without newlines to the open line, and the part that does not fit to the
// next line.
func (f *flow) put(text string, as look) {
	for text != "" {
		n := 0
		for n < len(text) {
			cluster, w := first(text[n:])
			if f.column > 0 && f.column+w > f.width {
				break
			}
			n += len(cluster)
			f.column += w
		}
		if last := len(f.row) - 1; last >= 0 && f.row[last].look == as {
			f.row[last].text += text[:n]
		} else if n > 0 {
			f.row = append(f.row, run{text[:n], as})
		}
		if text = text[n:]; text != "" {
			f.endLine()
		}
	}
}

func (f *flow) endLine() {
	var b strings.Builder
	for _, r := range f.row {
		b.WriteString(f.paint.string(r.text, r.look))
	}
	f.lines = append(f.lines, line{b.String(), f.column})
	f.row, f.column, f.gap = f.row[:0], 0, run{}
}

// first returns the first visible character and its width in cells.
func first(s string) (string, int) {
	if s[0] < 0x80 && (len(s) == 1 || s[1] < 0x80) {
		return s[:1], 1
	}
	return xansi.FirstGraphemeCluster(s, xansi.GraphemeWidth)
}
