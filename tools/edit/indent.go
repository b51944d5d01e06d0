package edit

import (
	"fmt"
	"strings"
)

// indent is how the indentation of a passage differs from that of the file.
type indent struct {
	said string
	turn func(string) (string, bool) // the indentation of a new line, nil to leave it
}

// style is the unit that all indentation of a text is made of.
type style struct {
	tabs bool
	unit int // spaces, 0 where spaces keep to no unit, or where the text mixes both
}

// styleOf finds the unit of a whole text. The blank before the stars of a block
// comment is no indentation.
func styleOf(text string) style {
	var tabs, spaces bool
	divisor, last := 0, 0
	steps := map[int]int{}
	for line := range strings.Lines(text) {
		white, rest := cutIndent(line)
		if strings.TrimSpace(rest) == "" || strings.HasPrefix(rest, "*") {
			continue
		}
		tabs = tabs || strings.Contains(white, "\t")
		spaces = spaces || strings.Contains(white, " ")
		n := len(white)
		divisor = gcd(divisor, n)
		if n > last {
			steps[n-last]++
		}
		last = n
	}
	switch {
	case tabs && spaces, !tabs && !spaces:
		return style{}
	case tabs:
		return style{tabs: true}
	case divisor > 1:
		return style{unit: divisor}
	}
	return style{unit: most(steps)} // some lines are aligned to the one above
}

// most returns the step that is more frequent than all others together, or 0.
func most(steps map[int]int) int {
	all, best := 0, 0
	for step, n := range steps {
		all += n
		if n > steps[best] {
			best = step
		}
	}
	if best < 2 || 2*steps[best] <= all {
		return 0
	}
	return best
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// indented decides whether the indentation of m at p differs evenly, and how the
// new text is then indented. p begins at a line's start.
func (f *finder) indented(m *match, p place) (place, bool) {
	region, old := splitLines(f.text[p.start:p.end]), splitLines(m.old)
	has, want := make([]string, 0, len(old)), make([]string, 0, len(old))
	for i := range min(len(region), len(old)) {
		white, rest := cutIndent(old[i])
		if isBlank(rest) {
			continue
		}
		own, _ := cutIndent(region[i])
		if strings.HasPrefix(rest, "*") && strings.HasSuffix(own, " ") && strings.HasSuffix(white, " ") {
			own, white = own[:len(own)-1], white[:len(white)-1] // a block comment's
		}
		want, has = append(want, white), append(has, own)
	}
	if len(want) == 0 {
		return p, false
	}
	if in, ok := shifted(has, want); ok {
		p.indent = in
		return p, f.turns(m, p)
	}
	in, ok := f.otherUnit(has, want)
	if !ok && !m.lines && want[0] == "" && has[0] != "" {
		// The passage begins behind the first line's indentation.
		if in, ok = f.otherUnit(has[1:], want[1:]); ok {
			p.start += len(has[0])
		}
	}
	p.indent = in
	return p, ok && f.turns(m, p)
}

// turns reports whether every new line can be indented as p wants it.
func (f *finder) turns(m *match, p place) bool {
	for i, line := range splitLines(m.new) {
		if m.keep != nil && m.keep[i] >= 0 {
			continue
		}
		if _, ok := p.indent.apply(line); !ok {
			return false
		}
	}
	return true
}

// apply returns a new line with the indentation that the file needs.
func (in indent) apply(line string) (string, bool) {
	white, rest := cutIndent(line)
	if in.turn == nil || isBlank(rest) {
		return line, true
	}
	turned, ok := in.turn(white)
	if !ok && strings.HasPrefix(rest, "*") && strings.HasSuffix(white, " ") { // in a block comment
		turned, ok = in.turn(white[:len(white)-1])
		turned += " "
	}
	return turned + rest, ok
}

// shifted finds the white space that each line of the file has more, or less.
func shifted(has, want []string) (indent, bool) {
	more, ok := strings.CutSuffix(has[0], want[0])
	less := ""
	if !ok {
		more = ""
		if less, ok = strings.CutSuffix(want[0], has[0]); !ok {
			return indent{}, false
		}
	}
	for i := range has {
		if less+has[i] != more+want[i] {
			return indent{}, false
		}
	}
	switch {
	case more != "":
		return indent{
			said: "leading white space (the file has " + whiteSpace(more) + " more)",
			turn: func(white string) (string, bool) { return more + white, true },
		}, true
	case less != "":
		return indent{
			said: "leading white space (the file has " + whiteSpace(less) + " less)",
			turn: func(white string) (string, bool) { return strings.CutPrefix(white, less) },
		}, true
	}
	return indent{}, true
}

// otherUnit finds the unit of the passage where each line is as deep as in the
// file, but in another unit than the one that the whole file keeps to.
func (f *finder) otherUnit(has, want []string) (indent, bool) {
	style := f.style()
	unit, ok := style.unitOf(has, want)
	if !ok {
		return indent{}, false
	}
	own := "\t"
	if !style.tabs {
		own = strings.Repeat(" ", style.unit)
	}
	if unit == "\t" && !style.tabs {
		// The passage may count a level as less than the greatest step of the file.
		own = strings.Repeat(" ", ratio(has, want))
	}
	return indent{
		said: "indentation (the file has " + whiteSpace(own) + " where the edit has " + whiteSpace(unit) + "; the new lines are turned likewise)",
		turn: func(white string) (string, bool) {
			levels := len(white) / len(unit)
			if strings.Repeat(unit, levels) == white {
				return strings.Repeat(own, levels), true
			}
			return white, own[0] != unit[0] && strings.Trim(white, own[:1]) == ""
		},
	}, true
}

// unitOf returns what the passage has for one level of the file.
func (s style) unitOf(has, want []string) (string, bool) {
	theirs := " "
	if strings.HasPrefix(strings.Join(want, ""), "\t") {
		theirs = "\t"
	}
	size := ratio(want, has) // characters of the passage for one of the file
	for i := range want {
		if strings.Trim(want[i], theirs) != "" || (want[i] == "") != (has[i] == "") {
			return "", false
		}
	}
	switch {
	case s.tabs:
		return strings.Repeat(" ", size), theirs == " " && 0 < size && size <= 8
	case s.unit == 0:
		return "", false
	case theirs == "\t":
		n := ratio(has, want)
		return "\t", n > 1 && s.unit%n == 0
	}
	levels := make([]string, len(has))
	for i := range has {
		if len(has[i])%s.unit != 0 {
			return "", false
		}
		levels[i] = has[i][:len(has[i])/s.unit]
	}
	size = ratio(want, levels)
	return strings.Repeat(" ", max(size, 0)), 1 < size && size <= 8 && size != s.unit
}

// ratio returns how many times as long as b's all of a's strings are, 0 if they are
// not, or if all are empty.
func ratio(a, b []string) int {
	n := 0
	for i := range a {
		switch {
		case len(a[i]) == 0 && len(b[i]) == 0:
			continue
		case len(b[i]) == 0 || len(a[i])%len(b[i]) != 0:
			return 0
		case n == 0:
			n = len(a[i]) / len(b[i])
		}
		if len(a[i]) != n*len(b[i]) {
			return 0
		}
	}
	return n
}

// whiteSpace names a run of white space: "a tab and 2 spaces".
func whiteSpace(white string) string {
	var said []string
	for white != "" {
		c := []rune(white)[0]
		run := white[:len(white)-len(strings.TrimLeft(white, string(c)))]
		white = white[len(run):]
		name := map[rune]string{' ': "space", '\t': "tab", '\u00a0': "no-break space"}[c]
		if name == "" {
			name = fmt.Sprintf("white space U+%04X", c)
		}
		if n := len([]rune(run)); n == 1 {
			said = append(said, "a "+name)
		} else {
			said = append(said, fmt.Sprintf("%d %ss", n, name))
		}
	}
	if said == nil {
		return "no white space"
	}
	return strings.Join(said, " and ")
}
