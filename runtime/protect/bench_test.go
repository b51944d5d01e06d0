package protect_test

import (
	"testing"

	"github.com/pygent/pygent/runtime/protect"
)

// What a search of a workspace costs for each file.
func BenchmarkNamed(b *testing.B) {
	for _, name := range []string{"main_test.go", "README.md", "internal/server/handler/main_test.go", ".vscode/tasks.json", "naïve.txt"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				protect.Named(name)
			}
		})
	}
}

// A search judges the files of a directory, whose path it has.
func BenchmarkNamedInPlace(b *testing.B) {
	place := protect.In("internal/server/handler")
	b.ReportAllocs()
	for b.Loop() {
		place.Named("main_test.go")
	}
}

func BenchmarkNamedBelow(b *testing.B) {
	dir, name := "internal/server/handler", "main_test.go"
	b.ReportAllocs()
	for b.Loop() {
		protect.In(dir).Named(name)
	}
}
