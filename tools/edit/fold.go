package edit

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// fold says which differences a folded text no longer has.
type fold uint8

const (
	foldEnds     fold = 1 << iota // CRLF is LF
	foldTrailing                  // lines end without white space
	foldLeading                   // lines begin without white space
	foldTypes                     // typographic quotes, dashes and spaces are those of ASCII
)

// folded is a text without some differences, and where each part of it comes from.
type folded struct {
	text  string
	marks []mark // by at, each once

	searches int
	index    *lineIndex
}

// mark is a place where the folded text leaves out something of its source.
type mark struct {
	at     int // in the folded text
	before int // where the source is left
	source int // where the source goes on
}

// foldText folds a whole text. The first and the last line may be parts of lines.
func foldText(text string, k fold) *folded {
	if k&foldTypes != 0 && !hasTypes(text) {
		k &^= foldTypes
	}
	if k == 0 || k == foldEnds && !strings.Contains(text, "\r\n") {
		return &folded{text: text}
	}
	w := folder{text: text}
	w.out.Grow(len(text))
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
		w.line(start, end, k)
		start = end
	}
	w.flush(len(text))
	return &folded{text: w.out.String(), marks: w.marks}
}

// folder writes a folded text. What stands between done and the next cut is copied
// at once.
type folder struct {
	text  string
	out   strings.Builder
	done  int
	marks []mark
}

func (w *folder) line(start, end int, k fold) {
	body, lineEnd := cutEnd(w.text[start:end])
	stop := start + len(body)
	left, right := start, stop
	if k&foldTrailing != 0 {
		right = start + len(trimRight(body, k))
	}
	if k&foldLeading != 0 {
		left = right - len(trimLeft(w.text[start:right], k))
	}
	w.cut(start, left)
	if k&foldTypes != 0 {
		w.types(left, right)
	}
	if lineEnd == "\r\n" && k&foldEnds != 0 {
		stop++
	}
	w.cut(right, stop)
}

// types replaces the typographic characters between from and to.
func (w *folder) types(from, to int) {
	if !hasTypes(w.text[from:to]) {
		return
	}
	for i, r := range w.text[from:to] {
		if c := plain(r); c != 0 {
			w.flush(from + i)
			w.out.WriteByte(c)
			w.skip(from+i+utf8.RuneLen(r), from+i+utf8.RuneLen(r))
		}
	}
}

// cut leaves out the text between from and to.
func (w *folder) cut(from, to int) {
	if from < to {
		w.flush(from)
		w.skip(from, to)
	}
}

func (w *folder) flush(to int) { w.out.WriteString(w.text[w.done:to]); w.done = to }

func (w *folder) skip(before, to int) {
	w.done = to
	if n := len(w.marks); n > 0 && w.marks[n-1].at == w.out.Len() {
		w.marks[n-1].source = to
		return
	}
	w.marks = append(w.marks, mark{at: w.out.Len(), before: before, source: to})
}

// source returns where the folded text at offset at comes from. Where something is
// left out there, it is the offset before that.
func (f *folded) source(at int) int {
	i := sort.Search(len(f.marks), func(i int) bool { return f.marks[i].at >= at })
	switch {
	case i < len(f.marks) && f.marks[i].at == at:
		return f.marks[i].before
	case i == 0:
		return at
	}
	return f.marks[i-1].source + at - f.marks[i-1].at
}

// after is source, but behind what is left out there.
func (f *folded) after(at int) int {
	i := sort.Search(len(f.marks), func(i int) bool { return f.marks[i].at > at })
	if i == 0 {
		return at
	}
	return f.marks[i-1].source + at - f.marks[i-1].at
}

// folding returns the offset in the folded text of what stands at source.
func (f *folded) folding(source int) int {
	i := sort.Search(len(f.marks), func(i int) bool { return f.marks[i].before > source })
	switch {
	case i == 0:
		return source
	case f.marks[i-1].source > source:
		return f.marks[i-1].at
	}
	return f.marks[i-1].at + source - f.marks[i-1].source
}

// plain returns the ASCII character that models write for a typographic one, or 0.
func plain(r rune) byte {
	switch r {
	case '\u2018', '\u2019', '\u201a', '\u201b', '\u2032':
		return '\''
	case '\u201c', '\u201d', '\u201e', '\u201f', '\u2033':
		return '"'
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212':
		return '-'
	case '\u00a0', '\u202f', '\u205f', '\u3000':
		return ' '
	}
	if r >= '\u2000' && r <= '\u200a' {
		return ' '
	}
	return 0
}

// hasTypes reports whether text can have a typographic character: those begin with
// three different bytes.
func hasTypes(text string) bool {
	for _, lead := range []byte{0xe2, 0xc2, 0xe3} {
		if strings.IndexByte(text, lead) >= 0 {
			return true
		}
	}
	return false
}

func trimRight(line string, k fold) string {
	if k&foldTypes == 0 {
		return strings.TrimRight(line, " \t")
	}
	return strings.TrimRightFunc(line, isSpace)
}

func trimLeft(line string, k fold) string {
	if k&foldTypes == 0 {
		return strings.TrimLeft(line, " \t")
	}
	return strings.TrimLeftFunc(line, isSpace)
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || plain(r) == ' ' }
