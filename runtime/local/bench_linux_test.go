package local_test

import (
	"context"
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

func benchmarkLevel(b *testing.B, level string) {
	rt := newConfined(b, level)
	b.Cleanup(func() { _ = rt.Cleanup(context.Background()) })
	b.ReportAllocs()
	for b.Loop() {
		if res := rt.Bash(b.Context(), "true", runtime.BashOptions{}); res.ExitCode == nil {
			b.Fatal(res.Text)
		}
	}
}

func BenchmarkBashStrong(b *testing.B) { benchmarkLevel(b, runtime.SandboxStrong) }

func BenchmarkBashMedium(b *testing.B) { benchmarkLevel(b, runtime.SandboxMedium) }

// BenchmarkFirstCommand is a new workspace, its sandbox and one command; the
// budget is 30 ms.
func BenchmarkFirstCommand(b *testing.B) {
	for _, level := range []string{runtime.SandboxNone, runtime.SandboxMedium, runtime.SandboxStrong} {
		b.Run(level, func(b *testing.B) {
			for b.Loop() {
				rt := newConfined(b, level)
				if res := rt.Bash(b.Context(), "true", runtime.BashOptions{}); res.ExitCode == nil {
					b.Fatal(res.Text)
				}
				b.StopTimer()
				if err := rt.Cleanup(context.Background()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
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
