package search

import (
	"bytes"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// need is a text that every match of an expression contains.
type need struct {
	text  string // "" for none
	fold  bool   // in any letter case
	whole bool   // the expression matches text and nothing else
}

// gap stands for a character that has a case beyond ASCII.
const gap = "\x00"

// required returns the longest such text that is easily seen.
func required(re *syntax.Regexp) need {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return need{text: string(re.Rune), whole: true}
		}
		return need{text: string(re.Rune), fold: true, whole: true}
	case syntax.OpCapture:
		return required(re.Sub[0])
	case syntax.OpPlus, syntax.OpRepeat:
		if re.Op == syntax.OpRepeat && re.Min < 1 {
			return need{}
		}
		n := required(re.Sub[0])
		n.whole = false
		return n
	case syntax.OpEmptyMatch:
		return need{whole: true}
	case syntax.OpConcat:
		return requiredOfAll(re.Sub)
	default:
		return need{}
	}
}

func foldRune(r rune) rune {
	if r = unicode.ToLower(r); r >= utf8.RuneSelf || r == 'k' || r == 's' { // K and ſ are beyond ASCII
		return 0
	}
	return r
}

// requiredOfAll is required for expressions that follow each other.
func requiredOfAll(all []*syntax.Regexp) need {
	var longest, run need // run has the texts that follow each other directly
	whole := true
	keep := func(n need) {
		if n.length() > longest.length() {
			longest = n
		}
	}
	for _, sub := range all {
		n := required(sub)
		switch {
		case n.whole:
			run.text, run.fold = run.text+n.text, run.fold || n.fold
		case emptyWidth(sub.Op):
			whole = false
		default:
			whole = false
			keep(run)
			keep(n)
			run = need{}
		}
	}
	keep(run)
	longest.whole = whole
	return longest
}

// length is that of the text that can be looked for.
func (n need) length() int { return len(n.longest()) }

// longest returns the text that can be looked for, in lower case with fold.
func (n need) longest() string {
	if !n.fold {
		return n.text
	}
	best := ""
	for piece := range strings.SplitSeq(strings.Map(foldRune, n.text), gap) {
		if len(piece) > len(best) {
			best = piece
		}
	}
	return best
}

// emptyWidth reports whether an operation matches no characters.
func emptyWidth(op syntax.Op) bool { return op >= syntax.OpBeginLine && op <= syntax.OpNoWordBoundary }

// folded looks for an ASCII text in any letter case, by its rarest byte.
type folded struct {
	text       []byte // in lower case
	at         int    // of the rarest byte
	low, upper byte   // that byte in both cases
}

// often lists letters, the most frequent in sources and English texts first.
const often = "etaoinsrlcdupmhfgybvwkxqjz"

func newFolded(text string) *folded {
	f := &folded{text: []byte(text)}
	best := -1
	for i, c := range f.text {
		rank := strings.IndexByte(often, c)
		if c == ' ' || c == '_' || c == '\t' {
			rank = 0
		} else if rank < 0 {
			rank = len(often) // digits and signs, of which there is only one case
		}
		if rank > best {
			best, f.at, f.low, f.upper = rank, i, c, byte(unicode.ToUpper(rune(c)))
		}
	}
	return f
}

// foldWindow is how much is searched for one case before the other.
const foldWindow = 4096

// index returns the first place of the text in data, -1 for none.
func (f *folded) index(data []byte) int {
	for from := f.at; from < len(data); from += foldWindow {
		window := data[from:min(from+foldWindow, len(data))]
		for low, upper := f.next(window, 0, f.low), f.next(window, 0, f.upper); ; {
			i := min(low, upper)
			if i == len(window) {
				break
			}
			if begin := from + i - f.at; f.fits(data[begin:]) {
				return begin
			}
			if low == i {
				low = f.next(window, i+1, f.low)
			}
			if upper == i {
				upper = f.next(window, i+1, f.upper)
			}
		}
	}
	return -1
}

func (f *folded) next(window []byte, from int, c byte) int {
	if i := bytes.IndexByte(window[from:], c); i >= 0 {
		return from + i
	}
	return len(window)
}

// fits reports whether data begins with the text.
func (f *folded) fits(data []byte) bool {
	if len(data) < len(f.text) {
		return false
	}
	for i, c := range f.text {
		d := data[i]
		if 'A' <= d && d <= 'Z' {
			d += 'a' - 'A'
		}
		if c != d {
			return false
		}
	}
	return true
}
