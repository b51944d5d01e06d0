package edit

import (
	"fmt"
	"strings"
	"testing"
)

// letters gives a line for each letter.
func letters(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, "%c\n", r)
	}
	return b.String()
}

func TestChanged(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		context             int
		shown               string
		added, removed      int
	}{
		{"nothing", "a\n", "a\n", 3, "", 0, 0},
		{"one line", letters("abcdefghi"), letters("abcdXfghi"), 3, "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n", 1, 1},
		{"one line, less context", letters("abcdefghi"), letters("abcdXfghi"), 1, "@@ -4,3 +4,3 @@\n d\n-e\n+X\n f\n", 1, 1},
		{"no context", letters("abc"), letters("aXc"), 0, "@@ -2 +2 @@\n-b\n+X\n", 1, 1},
		{"first line", letters("abcde"), letters("Xbcde"), 2, "@@ -1,3 +1,3 @@\n-a\n+X\n b\n c\n", 1, 1},
		{"last line", letters("abcde"), letters("abcdX"), 2, "@@ -3,3 +3,3 @@\n c\n d\n-e\n+X\n", 1, 1},
		{"added", letters("ab"), letters("aXYb"), 3, "@@ -1,2 +1,4 @@\n a\n+X\n+Y\n b\n", 2, 0},
		{"a line repeated", letters("aab"), letters("aaab"), 3, "@@ -1,3 +1,4 @@\n a\n a\n+a\n b\n", 1, 0},
		{"removed", letters("abc"), letters("ac"), 3, "@@ -1,3 +1,2 @@\n a\n-b\n c\n", 0, 1},
		{"two far places", letters("abcdefghijklmno"), letters("aXcdefghijklmYo"), 1, "@@ -1,3 +1,3 @@\n a\n-b\n+X\n c\n@@ -13,3 +13,3 @@\n m\n-n\n+Y\n o\n", 2, 2},
		{"two near places", letters("abcdefg"), letters("aXcdeYg"), 3, "@@ -1,7 +1,7 @@\n a\n-b\n+X\n c\n d\n e\n-f\n+Y\n g\n", 2, 2},
		{"numbers move", letters("abcdefghijk"), letters("XYabcdefghZk"), 1, "@@ -1 +1,3 @@\n+X\n+Y\n a\n@@ -8,4 +10,3 @@\n h\n-i\n-j\n+Z\n k\n", 3, 2},
		{"new file", "", "a\nb\n", 3, "@@ -0,0 +1,2 @@\n+a\n+b\n", 2, 0},
		{"emptied", "a\nb\n", "", 3, "@@ -1,2 +0,0 @@\n-a\n-b\n", 0, 2},
		{"no last newline", "a\nb", "a\nc", 3, "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", 1, 1},
		{"CRLF", "a\r\nb\r\n", "a\r\nc\r\n", 3, "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", 1, 1},
		{"ends alike within a line", "xab\n", "yab\n", 3, "@@ -1 +1 @@\n-xab\n+yab\n", 1, 1},
		{"begins alike within a line", "abx\nc\n", "aby\nc\n", 3, "@@ -1,2 +1,2 @@\n-abx\n+aby\n c\n", 1, 1},
		{"longer at the end", "a\n", "a\nb\n", 3, "@@ -1 +1,2 @@\n a\n+b\n", 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			shown, added, removed := Changed(c.before, c.after, c.context)
			if shown != c.shown || added != c.added || removed != c.removed {
				t.Errorf("got +%d -%d\n%swant +%d -%d\n%s", added, removed, shown, c.added, c.removed, c.shown)
			}
		})
	}
}

// TestChangedLong sees that the texts around a change, which are compared in parts,
// do not matter.
func TestChangedLong(t *testing.T) {
	for _, size := range []int{100, 4095, 4096, 4097, 50_000} {
		around := strings.Repeat("0123456789\n", size/11+1)
		shown, added, removed := Changed(around+"a\n"+around, around+"b\n"+around, 1)
		n := size/11 + 1
		want := fmt.Sprintf("@@ -%d,3 +%d,3 @@\n 0123456789\n-a\n+b\n 0123456789\n", n, n)
		if shown != want || added != 1 || removed != 1 {
			t.Errorf("%d: got %s", size, shown)
		}
	}
}

// TestChangedOften sees that a line changed in a hundred places is a hundred changes.
func TestChangedOften(t *testing.T) {
	var before, after strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&before, "line %d\n", i)
		if i%20 == 0 {
			fmt.Fprintf(&after, "new %d\n", i)
		} else {
			fmt.Fprintf(&after, "line %d\n", i)
		}
	}
	shown, added, removed := Changed(before.String(), after.String(), 3)
	if added != 100 || removed != 100 || strings.Count(shown, "@@ -") != 100 {
		t.Errorf("+%d -%d in %d hunks", added, removed, strings.Count(shown, "@@ -"))
	}
}
