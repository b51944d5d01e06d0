package edit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what an error shows of a file, and of the search for it.
const (
	shownLines    = 12
	shownWidth    = 200
	probedLines   = 200     // of the passage
	comparedBytes = 4 << 20 // of the file
	maxEqual      = 8       // equal lines of the passage
	maxVotes      = 1 << 20
)

// nearest shows the lines of text that are most like passage, with their numbers
// and the first difference. name is what the model calls the passage. It only
// explains a refusal: no edit goes where it points. whole says that the passage is
// whole lines: else it may begin and end within a line. Where no line is like it,
// those around the line with the index near are shown, if near is not negative.
func nearest(text, passage, name string, whole bool, near int) string {
	lines, want := bodies(splitLines(text)), bodies(splitLines(passage))
	if len(lines) == 0 {
		return "The file is empty."
	}
	start, ok := byEqualLines(lines, want)
	if !ok {
		start, ok = byLikeness(lines, want)
	}
	if !ok {
		return nothingAlike(lines, near)
	}
	firstPart, lastPart := 0, len(want)-1
	if whole {
		firstPart = -1
	}
	if whole || strings.HasSuffix(passage, "\n") {
		lastPart = -1
	}
	at, difference := firstDifference(lines, want, start, name, firstPart, lastPart)
	from := max(0, start, at-shownLines/2)
	to := min(len(lines), max(start+len(want), from+1), from+shownLines)
	return "The most similar lines are:\n" + numberedLines(lines, from, to) + difference
}

// nothingAlike shows the lines around the one with the index near, or all of a few.
func nothingAlike(lines []string, near int) string {
	told := fmt.Sprintf("No line of its %d lines is like it", len(lines))
	if near < 0 && len(lines) > shownLines {
		return told + ": read the file."
	}
	from := max(0, min(near-shownLines/2, len(lines)-shownLines))
	to := min(len(lines), from+shownLines)
	return fmt.Sprintf("%s; lines %d to %d are:\n%s", told, from+1, to, strings.TrimSuffix(numberedLines(lines, from, to), "\n"))
}

// numberedLines shows lines as read_file does.
func numberedLines(lines []string, from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%6d\t%s\n", i+1, shortened(lines[i]))
	}
	return b.String()
}

func shortened(line string) string {
	if len(line) <= shownWidth {
		return line
	}
	cut := shownWidth
	for cut > 0 && !utf8.RuneStart(line[cut]) {
		cut--
	}
	return line[:cut] + "…"
}

// byEqualLines finds where most of the passage's lines stand, white space at their
// ends aside. Long lines count for more.
func byEqualLines(lines, want []string) (int, bool) {
	known := map[string][]int{}
	all := 0
	for i, line := range want[:min(len(want), probedLines)] {
		if line = strings.TrimSpace(line); line != "" {
			if len(known[line]) < maxEqual {
				known[line] = append(known[line], i)
			}
			all += 1 + min(len(line), 40)
		}
	}
	votes := map[int]int{}
	best, most := 0, 0
	for n, line := range lines {
		line = strings.TrimSpace(line)
		if len(votes) > maxVotes {
			break
		}
		for _, i := range known[line] {
			votes[n-i] += 1 + min(len(line), 40)
			if votes[n-i] > most {
				best, most = n-i, votes[n-i]
			}
		}
	}
	return max(best, 0), most > 6 || 2*most > all
}

// byLikeness finds the line that shares most pairs of characters with the first
// long line of the passage.
func byLikeness(lines, want []string) (int, bool) {
	probe := 0
	for i, line := range want[:min(len(want), 5)] {
		if len(strings.TrimSpace(line)) > 2*len(strings.TrimSpace(want[probe])) {
			probe = i
		}
	}
	pairs := pairsOf(strings.TrimSpace(want[probe]))
	best, most, budget := 0, 0.0, comparedBytes
	for n, line := range lines {
		if line = strings.TrimSpace(line); len(line) < 2 || len(line) > 1000 {
			continue
		}
		if budget -= len(line); budget < 0 {
			break
		}
		if like := pairs.likeness(line); like > most {
			best, most = n, like
		}
	}
	return max(best-probe, 0), most >= 0.5
}

// pairs counts the pairs of neighbouring bytes of a line.
type pairs struct {
	count [1 << 16]int32
	size  int
}

func pairsOf(line string) *pairs {
	p := &pairs{size: max(len(line)-1, 0)}
	for i := range p.size {
		p.count[pairAt(line, i)]++
	}
	return p
}

func pairAt(line string, i int) uint16 { return uint16(line[i])<<8 | uint16(line[i+1]) }

// likeness returns how many pairs a line shares, from 0 to 1 for all of both.
func (p *pairs) likeness(line string) float64 {
	shared := 0
	for i := range len(line) - 1 {
		if p.count[pairAt(line, i)] > 0 {
			shared++
		}
		p.count[pairAt(line, i)]--
	}
	for i := range len(line) - 1 {
		p.count[pairAt(line, i)]++
	}
	return 2 * float64(shared) / float64(p.size+len(line)-1)
}

// firstDifference describes where the passage and the lines from start on part, and
// returns the index of that line.
// Line firstPart of the passage may begin within a line, and lastPart end so.
//
// Where the file keeps to one kind of indentation, white space at the ends of lines
// was overlooked, and a difference in it is told only if there is no other.
func firstDifference(lines, want []string, start int, name string, firstPart, lastPart int) (int, string) {
	if styleOf(strings.Join(lines, "\n")) != (style{}) {
		bare, asked := trimmed(lines, start, len(want)), trimmed(want, 0, len(want))
		for i := range min(len(bare), len(asked)) {
			own, line := bare[i], asked[i]
			if own == line || i == firstPart && strings.HasSuffix(own, line) || i == lastPart && strings.HasPrefix(own, line) {
				continue
			}
			has, wants := describe(own, line)
			return start + i, fmt.Sprintf("line %d: the file has %s where %s has %s", start+i+1, has, name, wants)
		}
	}
	for i, line := range want {
		n := start + i
		if n >= len(lines) {
			return len(lines) - 1, fmt.Sprintf("line %d: the file ends where %s goes on with %s", len(lines), name, quoted(line, 0))
		}
		own := lines[n]
		if own == line || i == firstPart && strings.HasSuffix(own, line) || i == lastPart && strings.HasPrefix(own, line) {
			continue
		}
		has, wants := describe(own, line)
		return n, fmt.Sprintf("line %d: the file has %s where %s has %s", n+1, has, name, wants)
	}
	return start, ""
}

// already says where the new text stands, if it does at one place: the edit may
// have been made before.
func already(text, fresh string) string {
	fresh = strings.TrimSpace(fresh)
	at := strings.Index(text, fresh)
	if len(fresh) < 8 || at < 0 || strings.Contains(text[at+1:], fresh) {
		return ""
	}
	return fmt.Sprintf("\nThe new text is in the file already, at line %d.", lineAt(text, at))
}

// trimmed returns up to n lines from start on without white space at their ends.
func trimmed(lines []string, start, n int) []string {
	var list []string
	for _, line := range lines[min(start, len(lines)):min(start+n, len(lines))] {
		list = append(list, strings.TrimSpace(line))
	}
	return list
}

// describe names the first difference of two lines.
func describe(a, b string) (string, string) {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	for at > 0 && (!runeStarts(a, at) || !runeStarts(b, at)) {
		at--
	}
	from := len(strings.TrimRightFunc(a[:at], unicode.IsSpace))
	whiteA, whiteB := leadingSpace(a[from:]), leadingSpace(b[from:])
	if whiteA != whiteB {
		return whiteSpace(whiteA), whiteSpace(whiteB)
	}
	return quoted(a, at), quoted(b, at)
}

func runeStarts(s string, at int) bool { return at >= len(s) || utf8.RuneStart(s[at]) }

func leadingSpace(s string) string {
	return s[:len(s)-len(strings.TrimLeftFunc(s, unicode.IsSpace))]
}

// quoted returns what stands in a line around at, from the start of its word.
func quoted(line string, at int) string {
	if at >= len(line) {
		return "nothing more"
	}
	from := at
	for from > 0 && at-from < 20 && line[from-1] != ' ' && line[from-1] != '\t' {
		from--
	}
	for from > 0 && !utf8.RuneStart(line[from]) {
		from--
	}
	to := min(len(line), at+30)
	for to < len(line) && !utf8.RuneStart(line[to]) {
		to++
	}
	return strconv.Quote(line[from:to])
}
