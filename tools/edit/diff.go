package edit

import "github.com/aymanbagabas/go-udiff/lcs"

// Bounds of diffLines.
const (
	alwaysExact = 100 // lines of both sides, up to which lcs finds the least difference
	resyncAhead = 60  // lines in which texts that part are looked for to meet again
	resyncLines = 3   // equal lines that make a meeting
)

// diffLines compares two lists of lines. lcs gives up after some differences, and
// then reports all between the first and the last of them as changed, as of an
// edit that renames something in a hundred places. Long lists are therefore cut
// where they meet again after a difference, and compared piece by piece.
func diffLines(a, b []string) []lcs.Diff {
	if len(a)+len(b) <= alwaysExact {
		return lcs.DiffLines(a, b)
	}
	return diffLong(a, b)
}

func diffLong(a, b []string) []lcs.Diff {
	var diffs []lcs.Diff
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		if i < len(a) && j < len(b) && a[i] == b[j] {
			i, j = i+1, j+1
			continue
		}
		endA, endB := meeting(a, b, i, j)
		if endA-i <= 1 && endB-j <= 1 { // the most frequent, and lcs allocates much
			diffs = append(diffs, lcs.Diff{Start: i, End: endA, ReplStart: j, ReplEnd: endB})
		} else {
			for _, d := range lcs.DiffLines(a[i:endA], b[j:endB]) {
				diffs = append(diffs, lcs.Diff{Start: i + d.Start, End: i + d.End, ReplStart: j + d.ReplStart, ReplEnd: j + d.ReplEnd})
			}
		}
		i, j = endA, endB
	}
	return diffs
}

// meeting returns where a and b, which differ at i and j, have equal lines again:
// as near as possible, else their ends.
func meeting(a, b []string, i, j int) (int, int) {
	for distance := 1; distance <= resyncAhead; distance++ {
		for skipA := range distance + 1 {
			if x, y := i+skipA, j+distance-skipA; meet(a, b, x, y) {
				return x, y
			}
		}
	}
	return len(a), len(b)
}

func meet(a, b []string, x, y int) bool {
	if x > len(a)-resyncLines || y > len(b)-resyncLines {
		return x == len(a) && y == len(b)
	}
	for n := range resyncLines {
		if a[x+n] != b[y+n] {
			return false
		}
	}
	return true
}
