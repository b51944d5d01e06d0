package edit

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// large is a text of 10 MB like a program's, in which line "target" is once.
func large(end string) string {
	var b strings.Builder
	for i := 0; b.Len() < 10<<20; i++ {
		fmt.Fprintf(&b, "func f%d(a, b int) int {%s\tif a < b {%s\t\treturn a + %d%s\t}%s}%s%s", i, end, end, i, end, end, end, end)
		if b.Len() > 9<<20 && i%7 == 0 && !strings.Contains(b.String()[9<<20:], "target") {
			b.WriteString("func target() {" + end + "\tx := 1" + end + "\ty := 2" + end + "}" + end)
		}
	}
	return b.String()
}

// BenchmarkLarge measures edits of 10 MB beside a copy of them, which is their floor:
// x-copy is the ratio.
func BenchmarkLarge(b *testing.B) {
	text, crlf := large("\n"), large("\r\n")
	const old, fresh = "func target() {\n\tx := 1\n\ty := 2\n}\n", "func target() {\n\tx := 2\n\ty := 2\n}\n"
	line := 1 + strings.Count(text[:strings.Index(text, "func target")], "\n")
	replace := func(text, old, fresh string) func() error {
		return func() error {
			_, err := Replace(text, Replacement{Old: old, New: fresh})
			return err
		}
	}
	apply := func(text, hunk string) func() error {
		changes, err := Parse("--- a/f\n+++ b/f\n" + hunk)
		if err != nil {
			b.Fatal(err)
		}
		return func() error { _, err := changes[0].Apply(text); return err }
	}
	const body = " func target() {\n-\tx := 1\n+\tx := 2\n \ty := 2\n"
	after := strings.Replace(text, "x := 1", "x := 2", 1)
	often := strings.ReplaceAll(text, "9(a, b int) int {\n", "9(a, b int)\n{\n")
	for _, c := range []struct {
		name string
		edit func() error
	}{
		{"exact", replace(text, old, fresh)},
		{"exact word", replace(text, "target", "aim")},
		{"exact long", replace(text, text[1<<20:1<<20+4000], "x")},
		{"line ends", replace(crlf, old, fresh)},
		{"trailing", replace(text, strings.ReplaceAll(old, "\n", " \n"), fresh)},
		{"shifted", replace(text, " "+strings.ReplaceAll(old[:len(old)-3], "\n", "\n "), " x")},
		{"hunk", apply(text, "@@\n"+body)},
		{"hunk at its line", apply(text, fmt.Sprintf("@@ -%d,3 +%d,3 @@\n", line, line)+body)},
		{"changed", func() error { Changed(text, after, 3); return nil }},
		{"changed often", func() error { Changed(text, often, 3); return nil }},
		{"nowhere", func() error { _ = replace(text, "func goal() {\n\tx := 1\n", "x")(); return nil }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var own, floor time.Duration
			failed := error(nil)
			for b.Loop() {
				begin := time.Now()
				failed = c.edit()
				own += time.Since(begin)
				begin = time.Now()
				_ = strings.Clone(text)
				floor += time.Since(begin)
			}
			if failed != nil {
				b.Error(failed)
			}
			b.ReportMetric(float64(own.Microseconds())/1000/float64(b.N), "ms")
			b.ReportMetric(float64(floor.Microseconds())/1000/float64(b.N), "ms-copy")
			b.ReportMetric(float64(own)/float64(floor), "x-copy")
		})
	}
}
