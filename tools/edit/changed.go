package edit

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// Changed returns the changed lines as the hunks of a unified diff with up to
// context lines around them, without file names, and how many lines were added and
// removed. Line ends are shown as LF.
func Changed(before, after string, context int) (shown string, added, removed int) {
	head := commonHead(before, after)
	tail := commonTail(before[head:], after[head:])
	skipped := strings.Count(before[:head], "\n")
	a, b := splitLines(before[head:len(before)-tail]), splitLines(after[head:len(after)-tail])
	diffs := diffLines(a, b)
	leading := lastLines(before[:head], context)
	trailing := firstLines(before[len(before)-tail:], context)
	w := hunkWriter{
		old: append(append(leading, a...), trailing...), fresh: b,
		lead: len(leading), skipped: skipped - len(leading), context: context,
	}
	for len(diffs) > 0 {
		n := 1
		for n < len(diffs) && diffs[n].Start-diffs[n-1].End <= 2*context {
			n++
		}
		w.hunk(diffs[:n])
		diffs = diffs[n:]
	}
	return w.out.String(), w.added, w.removed
}

// commonHead returns the length of the lines that both texts begin with.
func commonHead(a, b string) int {
	const chunk = 4096
	n := 0
	for n+chunk <= min(len(a), len(b)) && a[n:n+chunk] == b[n:n+chunk] {
		n += chunk
	}
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	if n == len(a) && n == len(b) {
		return n
	}
	return strings.LastIndexByte(a[:n], '\n') + 1
}

// commonTail returns the length of the whole lines that both texts end with.
func commonTail(a, b string) int {
	const chunk = 4096
	n := 0
	for n+chunk <= min(len(a), len(b)) && a[len(a)-n-chunk:len(a)-n] == b[len(b)-n-chunk:len(b)-n] {
		n += chunk
	}
	for n < min(len(a), len(b)) && a[len(a)-n-1] == b[len(b)-n-1] {
		n++
	}
	// A line counts only if it begins at the same place in both.
	if startsLine(a, len(a)-n) && startsLine(b, len(b)-n) {
		return n
	}
	if i := strings.IndexByte(a[len(a)-n:], '\n'); i >= 0 {
		return n - i - 1
	}
	return 0
}

// lastLines returns up to n lines that text ends with.
func lastLines(text string, n int) []string {
	from := len(text)
	for ; n > 0 && from > 0; n-- {
		from = strings.LastIndexByte(text[:from-1], '\n') + 1
	}
	return splitLines(text[from:])
}

// firstLines returns up to n lines that text begins with.
func firstLines(text string, n int) []string {
	to := 0
	for ; n > 0 && to < len(text); n-- {
		i := strings.IndexByte(text[to:], '\n')
		if i < 0 {
			return splitLines(text)
		}
		to += i + 1
	}
	return splitLines(text[:to])
}

// hunkWriter writes hunks of a diff between two lists of lines, of which old has
// lead more lines at its begin, and more at its end, that are equal in both.
type hunkWriter struct {
	old, fresh     []string
	lead, skipped  int
	context        int
	out            strings.Builder
	added, removed int
}

func (w *hunkWriter) hunk(diffs []lcs.Diff) {
	first, last := diffs[0], diffs[len(diffs)-1]
	from := max(w.lead+first.Start-w.context, 0)
	to := min(w.lead+last.End+w.context, len(w.old))
	grown := 0
	for _, d := range diffs {
		grown += d.ReplEnd - d.ReplStart - (d.End - d.Start)
	}
	old := w.skipped + from
	fmt.Fprintf(&w.out, "@@ -%s +%s @@\n", span(old, to-from), span(old+w.added-w.removed, to-from+grown))
	at := from
	for _, d := range diffs {
		w.write(' ', w.old[at:w.lead+d.Start])
		w.write('-', w.old[w.lead+d.Start:w.lead+d.End])
		w.write('+', w.fresh[d.ReplStart:d.ReplEnd])
		at = w.lead + d.End
		w.removed += d.End - d.Start
		w.added += d.ReplEnd - d.ReplStart
	}
	w.write(' ', w.old[at:to])
}

func (w *hunkWriter) write(kind byte, lines []string) {
	for _, line := range lines {
		body, _ := cutEnd(line)
		w.out.WriteByte(kind)
		w.out.WriteString(body)
		w.out.WriteByte('\n')
	}
}

// span returns lines of a hunk's header. skipped are the lines before them.
func span(skipped, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", skipped)
	case 1:
		return fmt.Sprint(skipped + 1)
	}
	return fmt.Sprintf("%d,%d", skipped+1, n)
}
