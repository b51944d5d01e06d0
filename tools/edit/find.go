package edit

import (
	"errors"
	"slices"
	"strings"
)

// errTooAmbiguous ends a search whose texts repeat themselves so much that it
// would take too long.
var errTooAmbiguous = errors.New("the text and the edit repeat themselves too much to find the place: give longer passages")

// maxWork bounds the work of one edit, in bytes looked at while searching. At this
// bound an edit has taken some seconds. A comparison of indentation takes as long
// as indentWork bytes for each of its bytes.
const (
	maxWork    = 4 << 30
	indentWork = 500
)

// maxPlaces bounds the places that are counted where only one is wanted.
const maxPlaces = 1000

// longPattern is the length up to which strings.Index compares many places at once.
const longPattern = 48

// search says which places of a pattern count.
type search struct {
	lines    bool // they begin a line
	end      bool // they end at a line's end
	disjoint bool // places that overlap an earlier one do not count

	also func(at int) bool // what else must be so, or nil
}

// find returns the offsets in f of pattern, at most maxPlaces+1 unless disjoint.
// work is reduced by what it took.
//
// A last newline of the pattern counts as found at the end of a text without one:
// for whole lines always, else where there is no other place, or all are wanted.
func (f *folded) find(pattern string, s search, work *int) []int {
	if pattern == "" || *work < 0 {
		return nil
	}
	f.searches++
	if s.lines && !s.disjoint && f.searches > 8 && strings.Contains(pattern, "\n") {
		return f.findByIndex(pattern, s, work)
	}
	var found []int
	*work -= len(f.text)
	for from := 0; len(found) <= maxPlaces || s.disjoint; {
		at := index(f.text, pattern, from)
		if at < 0 {
			break
		}
		from = at + 1
		*work -= len(pattern)
		if f.counts(at, at+len(pattern), s) {
			found = append(found, at)
			if s.disjoint {
				from = at + len(pattern)
			}
		}
		if *work < 0 {
			return nil
		}
	}
	if at, ok := f.findLast(pattern, s); ok && (s.lines || s.disjoint || len(found) == 0) {
		if n := len(found); n == 0 || !s.disjoint || found[n-1]+len(pattern) <= at {
			found = append(found, at)
		}
	}
	return found
}

// counts reports whether a place is one: none begins or ends within a CRLF.
func (f *folded) counts(at, end int, s search) bool {
	return !splitsEnd(f.text, at) && !splitsEnd(f.text, end) && (!s.lines || startsLine(f.text, at)) && (!s.end || endsLine(f.text, end)) && (s.also == nil || s.also(at))
}

func splitsEnd(text string, at int) bool {
	return 0 < at && at < len(text) && text[at] == '\n' && text[at-1] == '\r'
}

// findFrom returns the first place of a pattern at or behind an offset.
func (f *folded) findFrom(from int, pattern string, s search, work *int) (int, bool) {
	for {
		at := index(f.text, pattern, from)
		*work -= max(at, from) - from + len(pattern)
		if at < 0 {
			*work -= len(f.text) - from
		}
		if at < 0 || *work < 0 {
			return f.findLast(pattern, s)
		}
		if f.counts(at, at+len(pattern), s) {
			return at, true
		}
		from = at + 1
	}
}

// findEnd returns the place of whole lines behind which nothing but blank lines
// follow.
func (f *folded) findEnd(pattern string, s search) (int, bool) {
	if at, ok := f.findLast(pattern, s); ok {
		return at, true
	}
	at := strings.LastIndex(f.text, pattern)
	return at, at >= 0 && f.counts(at, at+len(pattern), s) && isBlank(f.text[at+len(pattern):])
}

// findLast finds a pattern with a last newline at the end of a text without one.
func (f *folded) findLast(pattern string, s search) (int, bool) {
	pattern, ok := strings.CutSuffix(pattern, "\n")
	pattern = strings.TrimSuffix(pattern, "\r")
	if !ok || pattern == "" || strings.HasSuffix(f.text, "\n") || !strings.HasSuffix(f.text, pattern) {
		return 0, false
	}
	at := len(f.text) - len(pattern)
	return at, f.counts(at, len(f.text), s)
}

// fits reports whether whole lines stand at an offset where a line begins.
func (f *folded) fits(pattern string, at int) bool {
	if strings.HasPrefix(f.text[at:], pattern) {
		return true
	}
	last, ok := f.findLast(pattern, search{lines: true})
	return ok && last == at
}

// index is strings.Index from an offset on. Of a long pattern it looks for a part
// first: strings.Index hashes each byte of the text for long ones.
func index(text, pattern string, from int) int {
	if len(pattern) <= longPattern {
		if i := strings.Index(text[from:], pattern); i >= 0 {
			return from + i
		}
		return -1
	}
	lead := min(len(pattern)-len(strings.TrimLeft(pattern, " \t\n")), len(pattern)-longPattern)
	part := pattern[lead : lead+longPattern]
	misses := 0
	for at := from + lead; at <= len(text)-len(part); at++ {
		i := strings.Index(text[at:], part)
		if i < 0 {
			return -1
		}
		at += i
		if strings.HasPrefix(text[at-lead:], pattern) {
			return at - lead
		}
		if misses++; misses > 1000 { // the part is no rarer than its first byte
			if i := strings.Index(text[at-lead+1:], pattern); i >= 0 {
				return at - lead + 1 + i
			}
			return -1
		}
	}
	return -1
}

// lineIndex finds the lines of a text by their content.
type lineIndex struct {
	starts []int          // offset of each line
	last   map[string]int // the last line with this content
	before []int          // the one before it with the same content, -1 for none
	count  map[string]int
}

func newLineIndex(text string) *lineIndex {
	x := &lineIndex{last: map[string]int{}, count: map[string]int{}}
	offset := 0
	for line := range strings.Lines(text) {
		body := strings.TrimSuffix(line, "\n")
		before, ok := x.last[body]
		if !ok {
			before = -1
		}
		x.last[body] = len(x.starts)
		x.count[body]++
		x.before = append(x.before, before)
		x.starts = append(x.starts, offset)
		offset += len(line)
	}
	return x
}

// findByIndex finds whole lines by the rarest of them. Building the index pays
// off when many hunks are looked for.
func (f *folded) findByIndex(pattern string, s search, work *int) []int {
	if f.index == nil {
		f.index = newLineIndex(f.text)
	}
	x := f.index
	rarest, best, n := "", -1, 0
	for line := range strings.Lines(pattern) {
		body := strings.TrimSuffix(line, "\n")
		if best < 0 || x.count[body] < x.count[rarest] {
			rarest, best = body, n
		}
		n++
	}
	*work -= len(pattern)
	line, ok := x.last[rarest]
	if !ok {
		return nil
	}
	var found []int
	for ; line >= best && len(found) <= maxPlaces && *work >= 0; line = x.before[line] {
		*work -= len(pattern)
		if at := x.starts[line-best]; f.fits(pattern, at) && (s.also == nil || s.also(at)) {
			found = append(found, at)
		}
	}
	slices.Reverse(found)
	return found
}
