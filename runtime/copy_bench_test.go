package runtime_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// BenchmarkCopy measures a copy beside its floor, cp -a of the same tree to the
// same file system, turn by turn in one run. The budget is 1.2.
//
//	go test -run - -bench Copy -benchtime 7x ./runtime
func BenchmarkCopy(b *testing.B) {
	if testing.Short() {
		b.Skip("takes minutes")
	}
	cp, err := exec.LookPath("cp")
	if err != nil {
		b.Skip("no cp")
	}
	for _, tree := range []struct {
		name string
		fill func(b *testing.B, dir string)
	}{
		{"1GiB", func(b *testing.B, dir string) { fillFile(b, dir, 1<<30) }},
		{"10000files", func(b *testing.B, dir string) { fillTree(b, dir, 100, 100) }},
		{"10000files-flat", func(b *testing.B, dir string) { fillTree(b, dir, 1, 10_000) }},
	} {
		b.Run(tree.name, func(b *testing.B) {
			src := workspace(b, nil)
			must(b, os.Mkdir(filepath.Join(src.Dir(), "d"), 0o755))
			tree.fill(b, filepath.Join(src.Dir(), "d"))
			var ours, floor []time.Duration
			for b.Loop() {
				b.StopTimer()
				floor = append(floor, timed(b, func(dst *runtime.Workspace) {
					out, err := exec.Command(cp, "-a", filepath.Join(src.Dir(), "d"), filepath.Join(dst.Dir(), "d")).CombinedOutput()
					if err != nil {
						b.Fatalf("cp: %v: %s", err, out)
					}
				}))
				b.StartTimer()
				ours = append(ours, timed(b, func(dst *runtime.Workspace) {
					_, err := src.CopyTo(b.Context(), dst, "d", "d", runtime.CopyOptions{})
					must(b, err)
				}))
			}
			slices.Sort(ours)
			slices.Sort(floor)
			us, them := ours[len(ours)/2], floor[len(floor)/2]
			b.ReportMetric(float64(us.Milliseconds()), "ms")
			b.ReportMetric(float64(them.Milliseconds()), "ms-cp")
			b.ReportMetric(float64(us)/float64(them), "x-cp")
		})
	}
}

// timed measures do with a new workspace, without removing the workspace.
func timed(b *testing.B, do func(dst *runtime.Workspace)) time.Duration {
	dst, err := runtime.TempWorkspace()
	must(b, err)
	defer func() { must(b, dst.Close()) }()
	start := time.Now()
	do(dst)
	return time.Since(start)
}

func fillFile(b *testing.B, dir string, size int) {
	f, err := os.Create(filepath.Join(dir, "big"))
	must(b, err)
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(rand.Uint32())
	}
	for range size / len(block) {
		_, err := f.Write(block)
		must(b, err)
	}
	must(b, f.Close())
}

func fillTree(b *testing.B, dir string, dirs, files int) {
	for i := range dirs {
		sub := filepath.Join(dir, fmt.Sprintf("dir%03d", i))
		must(b, os.Mkdir(sub, 0o755))
		for j := range files {
			line := fmt.Appendf(nil, "line %d of a source file\n", j)
			must(b, os.WriteFile(filepath.Join(sub, fmt.Sprintf("file%05d.go", j)), bytes.Repeat(line, 1+j%200), 0o644))
		}
	}
}
