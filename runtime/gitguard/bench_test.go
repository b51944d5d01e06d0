package gitguard_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/pygent/pygent/runtime/gitguard"
)

// large is a workspace with a repository and some thousands of directories, a tenth
// of them with -short.
func large(b *testing.B, dirs int) string {
	if testing.Short() {
		dirs /= 10
	}
	dir := b.TempDir()
	files(b, dir, map[string]string{".git/HEAD": "ref: refs/heads/main\n", ".git/info/exclude": ""})
	for i := range dirs {
		at := fmt.Sprintf("%s/a%d/b%d/c%d", dir, i%10, i/10%10, i)
		must(b, os.MkdirAll(at, 0o755))
		for j := range 8 {
			must(b, os.WriteFile(fmt.Sprintf("%s/f%d", at, j), nil, 0o644))
		}
	}
	return dir
}

// BenchmarkHolds is the cost for each command, with Disarm; the budget is 50
// µs.
func BenchmarkHolds(b *testing.B) {
	g := prepare(b, large(b, 0))
	b.ReportAllocs()
	for b.Loop() {
		if !g.Holds() {
			b.Fatal("it does not hold")
		}
	}
}

// BenchmarkWatch is the cost of a command's two searches.
func BenchmarkWatch(b *testing.B) {
	for _, dirs := range []int{0, 300, 3000} {
		b.Run(fmt.Sprintf("dirs=%d", dirs), func(b *testing.B) {
			w := gitguard.NewWatch(large(b, dirs), false)
			b.ReportAllocs()
			for b.Loop() {
				must(b, w.Enter(gitguard.Guard{}))
				if notices := w.Leave(); notices != nil {
					b.Fatal(notices)
				}
			}
		})
	}
}

// BenchmarkPrepare is the cost for the first command in a workspace of 2,100
// directories, more than are searched.
func BenchmarkPrepare(b *testing.B) {
	dir := large(b, 2000)
	for b.Loop() {
		prepare(b, dir)
	}
}

func BenchmarkSuspects(b *testing.B) {
	dir := large(b, 10_000)
	for b.Loop() {
		if _, err := gitguard.Suspects(dir); err != nil {
			b.Fatal(err)
		}
	}
}
