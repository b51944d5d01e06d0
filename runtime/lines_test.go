package runtime

import (
	"bytes"
	"strings"
	"testing"
)

// slowCount is the textbook longest common subsequence.
func slowCount(before, after []byte) (added, removed int) {
	a := trimEmpty(bytes.SplitAfter(before, []byte("\n")))
	b := trimEmpty(bytes.SplitAfter(after, []byte("\n")))
	prev := make([]int, len(b)+1)
	for i := range a {
		row := make([]int, len(b)+1)
		for j := range b {
			if bytes.Equal(a[i], b[j]) {
				row[j+1] = prev[j] + 1
			} else {
				row[j+1] = max(row[j], prev[j+1])
			}
		}
		prev = row
	}
	return len(b) - prev[len(b)], len(a) - prev[len(b)]
}

func FuzzCountLines(f *testing.F) {
	f.Add([]byte("a\nb\nc\na\nb\nb\na\n"), []byte("c\nb\na\nb\na\nc\n"))
	f.Add([]byte("a\n"), []byte("a"))
	f.Add([]byte(""), []byte("x\n\n"))
	f.Add([]byte("b\na\n"), []byte("\nb\n"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		if len(before)+len(after) > 400 || bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0 {
			t.Skip("too slow or not counted")
		}
		added, removed := countLines(before, after)
		if a, r := slowCount(before, after); a != added || r != removed {
			t.Fatalf("+%d -%d, want +%d -%d for %q and %q", added, removed, a, r, before, after)
		}
	})
}

func TestLinesOfVeryDifferentFilesAreCountedInBoundedTime(t *testing.T) {
	before := []byte("same\n" + strings.Repeat("a\n", 200_000))
	after := []byte("same\n" + strings.Repeat("b\n", 100_000))
	if added, removed := countLines(before, after); added != 100_000 || removed != 200_000 {
		t.Errorf("+%d -%d", added, removed)
	}
}
