package local_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/specials"
)

// BenchmarkBash is compared with BenchmarkBareFork of the same run: the budget
// is twice its time.
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

// BenchmarkFirstCommandIn is a new sandbox for a workspace of so many directories,
// with eight files in each, or of a tenth of them with -short.
func BenchmarkFirstCommandIn(b *testing.B) {
	for _, dirs := range []int{400, 4000} {
		ws, err := runtime.OpenWorkspace(b.TempDir(), runtime.OpenOptions{})
		if err != nil {
			b.Fatal(err)
		}
		there := dirs
		if testing.Short() {
			there /= 10
		}
		for i := range there {
			dir := fmt.Sprintf("%s/%d/%d/%d", ws.Dir(), i%10, i/10%10, i/100)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				b.Fatal(err)
			}
			for j := range 8 {
				if err := os.WriteFile(fmt.Sprintf("%s/file%d.go", dir, j), nil, 0o600); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run(strconv.Itoa(dirs), func(b *testing.B) {
			state := b.TempDir()
			for b.Loop() {
				e := local.New(ws, local.Options{Level: runtime.SandboxStrong, StateDir: state})
				if exit, err := e.Exec(b.Context(), runtime.Command{Script: "true"}, io.Discard); err != nil || exit.Code != 0 {
					b.Fatal(exit, err)
				}
				b.StopTimer()
				if err := e.Close(context.Background()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
		b.Run("search in "+strconv.Itoa(dirs), func(b *testing.B) {
			for b.Loop() {
				specials.Search([]string{ws.Dir()}, nil)
			}
		})
		b.Run("guard in "+strconv.Itoa(dirs), func(b *testing.B) {
			for b.Loop() {
				g, err := gitguard.Prepare(ws.Dir(), gitguard.Options{})
				if err != nil {
					b.Fatal(err)
				}
				g.Release()
			}
		})
		b.Run("watch in "+strconv.Itoa(dirs), func(b *testing.B) {
			for b.Loop() {
				w := gitguard.NewWatch(ws.Dir(), false)
				if err := w.Enter(gitguard.Guard{}); err != nil {
					b.Fatal(err)
				}
				w.Leave()
			}
		})
	}
}

// BenchmarkBareFork is the floor: only the shell.
func BenchmarkBareFork(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := exec.Command("sh", "-c", "true").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
