package runtime

import "bytes"

// countLines returns how many lines a shortest diff adds and removes. Both are
// 0 when a side is binary (it holds a NUL) or, for a changed file, when a side
// is over maxCountedBytes. Texts that differ in more than maxEdits lines are
// counted as if all lines between their common head and tail were replaced.
func countLines(before, after []byte) (added, removed int) {
	if bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0 {
		return 0, 0
	}
	if len(before) == 0 {
		return lineCount(after), 0
	}
	if len(before) > maxCountedBytes || len(after) > maxCountedBytes {
		return 0, 0
	}
	a, b := trimCommon(bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n")))
	a, b = trimEmpty(a), trimEmpty(b)
	edits, ok := editDistance(a, b)
	if !ok {
		return len(b), len(a)
	}
	added = (edits + len(b) - len(a)) / 2
	return added, edits - added
}

func lineCount(text []byte) int {
	n := bytes.Count(text, []byte("\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}

// trimCommon drops the lines that a and b have in common at the beginning and
// at the end.
func trimCommon(a, b [][]byte) (restA, restB [][]byte) {
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[0], b[0]) {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// trimEmpty drops the empty piece that SplitAfter leaves behind a final newline.
func trimEmpty(lines [][]byte) [][]byte {
	if n := len(lines); n > 0 && len(lines[n-1]) == 0 {
		return lines[:n-1]
	}
	return lines
}

// editDistance is the number of lines to delete and insert that turns a into b
// (E. Myers, An O(ND) Difference Algorithm, 1986: the greedy forward search,
// whose path is not needed here). ok is false beyond maxEdits.
func editDistance(a, b [][]byte) (edits int, ok bool) {
	limit := min(len(a)+len(b), maxEdits)
	far := make([]int, 2*limit+3) // far[limit+1+k]: furthest x on diagonal k = x - y
	at := func(k int) *int { return &far[limit+1+k] }
	for d := 0; d <= limit; d++ {
		for k := -d; k <= d; k += 2 {
			x := 0
			switch {
			case d == 0:
			case k == -d || (k != d && *at(k - 1) < *at(k + 1)):
				x = *at(k + 1)
			default:
				x = *at(k - 1) + 1
			}
			for x < len(a) && x-k < len(b) && x-k >= 0 && bytes.Equal(a[x], b[x-k]) {
				x++
			}
			*at(k) = x
			if x >= len(a) && x-k >= len(b) {
				return d, true
			}
		}
	}
	return 0, false
}
