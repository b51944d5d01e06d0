package local_test

import (
	"os/exec"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// BenchmarkBash is to be read beside BenchmarkBareFork of the same run: the
// budget is twice its time.
func BenchmarkBash(b *testing.B) {
	rt := newRuntime(b)
	b.Cleanup(func() { _ = rt.Cleanup(b.Context()) })
	b.ReportAllocs()
	for b.Loop() {
		if res := rt.Bash(b.Context(), "true", runtime.BashOptions{}); res.ExitCode == nil {
			b.Fatal(res.Text)
		}
	}
}

// BenchmarkBareFork is the floor: the shell and nothing around it.
func BenchmarkBareFork(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := exec.Command("sh", "-c", "true").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
