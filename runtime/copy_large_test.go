package runtime_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// TestCopyOfAllSizes has files on both sides of every size at which the way of
// copying changes, in the kernel and here.
func TestCopyOfAllSizes(t *testing.T) {
	src := workspace(t, map[string]string{"d/": ""})
	noise := rand.NewChaCha8([32]byte{1})
	content := map[string][]byte{}
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20, 1<<20 + 1, 8 << 20, 8<<20 + 1, 20 << 20} {
		data := make([]byte, size)
		_, _ = noise.Read(data)
		name := fmt.Sprintf("d/%d", size)
		content[name] = data
		must(t, os.WriteFile(filepath.Join(src.Dir(), name), data, 0o640))
	}
	for _, opts := range []runtime.CopyOptions{{}, {NoLines: true}, {Hash: true}, {Hash: true, NoLines: true}} {
		dst := workspace(t, nil)
		report, err := src.CopyTo(t.Context(), dst, "d", "d", opts)
		must(t, err)
		if len(report.Files) != len(content) {
			t.Errorf("%+v: %d files", opts, len(report.Files))
		}
		for _, f := range report.Files {
			data, err := os.ReadFile(filepath.Join(dst.Dir(), f.Path))
			must(t, err)
			sum := ""
			if opts.Hash {
				s := sha256.Sum256(content[f.Path])
				sum = hex.EncodeToString(s[:])
			}
			if !bytes.Equal(data, content[f.Path]) || f.Bytes != int64(len(data)) || f.SHA256 != sum {
				t.Errorf("%+v: %+v differs", opts, f)
			}
		}
	}
}

func TestCopyCountsLinesUpToTheCap(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	src := workspace(t, map[string]string{"d/counted": strings.Repeat(line, 10_000), "d/not": strings.Repeat(line, 11_000), "d/small": "a\nb"})
	for _, c := range []struct {
		opts runtime.CopyOptions
		want []int
	}{{runtime.CopyOptions{}, []int{10_000, 0, 2}}, {runtime.CopyOptions{NoLines: true}, []int{0, 0, 0}}} {
		for _, there := range []map[string]string{nil, {"d/small": "a\nc"}} {
			report, err := src.CopyTo(t.Context(), workspace(t, there), "d", "d", c.opts)
			must(t, err)
			var got []int
			for _, f := range report.Files {
				got = append(got, f.Added)
			}
			want := slices.Clone(c.want)
			if there != nil {
				want[2] = min(want[2], 1)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v: %s", c.opts, diff)
			}
		}
	}
}

// TestCopyOfADeepAndWideTree needs more batches than the queue holds, and
// checks that no directory stays open while those below are copied.
func TestCopyOfADeepAndWideTree(t *testing.T) {
	files := map[string]string{}
	for i := range 2000 {
		files[fmt.Sprintf("d/wide%d/f%d", i%7, i)] = fmt.Sprint(i)
	}
	files["d/"+strings.Repeat("x/", 300)+"end"] = "deep"
	src, dst := workspace(t, files), workspace(t, map[string]string{"d/wide3/f3": "old", "d/wide3/keep": "k"})
	before := openFiles(t)
	report, err := src.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{})
	must(t, err)
	if len(report.Files) != 2001 || len(report.Skipped) > 0 {
		t.Errorf("%d files, skipped %v", len(report.Files), report.Skipped)
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d open files, %d before", after, before)
	}
	want := tree(t, src)
	want["d/wide3/keep"] = "k"
	if diff := cmp.Diff(want, tree(t, dst)); diff != "" {
		t.Error(diff)
	}
	sorted := slices.IsSortedFunc(report.Files, func(a, b runtime.CopiedFile) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	if !sorted {
		t.Error("not in order")
	}
}

// TestCancelledCopyEndsInTheMiddle stops a copy from within its walk.
func TestCancelledCopyEndsInTheMiddle(t *testing.T) {
	src := workspace(t, nil)
	for i := range 20 {
		must(t, os.MkdirAll(filepath.Join(src.Dir(), fmt.Sprintf("d/%02d", i)), 0o755))
		for j := range 100 {
			must(t, os.WriteFile(filepath.Join(src.Dir(), fmt.Sprintf("d/%02d/%d", i, j)), make([]byte, 1000), 0o644))
		}
	}
	dst := workspace(t, map[string]string{"d/05/7": "old"})
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	goroutines, open := goruntime.NumGoroutine(), openFiles(t)
	_, err := src.CopyTo(ctx, dst, "d", "d", runtime.CopyOptions{Skip: func(from, _ string) string {
		if from == "d/10" {
			cancel(stop)
		}
		return ""
	}})
	if !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(map[string]string{"d/": "", "d/05/": "", "d/05/7": "old"}, tree(t, dst)); diff != "" {
		t.Error(diff)
	}
	for deadline := time.Now().Add(5 * time.Second); goruntime.NumGoroutine() > goroutines && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if g, o := goruntime.NumGoroutine(), openFiles(t); g > goroutines || o > open {
		t.Errorf("%d goroutines and %d files, %d and %d before", g, o, goroutines, open)
	}
}

// openFiles returns the number of descriptors of this process, 0 where it is
// unknown.
func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}
