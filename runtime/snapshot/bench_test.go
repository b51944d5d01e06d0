//go:build unix

package snapshot

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const benchFiles = 100_000

// benchTree is a tree of many small files, no two alike, in a repository whose
// index does not know them.
func benchTree(b *testing.B) *space {
	s := newSpace(b, Options{})
	for d := range benchFiles / 100 {
		dir := s.path(fmt.Sprintf("d%02d/s%02d", d/40, d%40))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for f := range 100 {
			text := fmt.Sprintf("package x // %d %d\n%s", d, f, strings.Repeat("a line of text\n", f%40))
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%02d.go", f)), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	s.sh("git init -q; git config core.fsmonitor false; sync")
	return s
}

func git(b *testing.B, dir string, args ...string) time.Duration {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return time.Since(start)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// BenchmarkBaseline compares the first scan of a tree that git's index does not
// know with `git add -A` of it. Budget: 1.2 of that.
func BenchmarkBaseline(b *testing.B) {
	s := benchTree(b)
	var own, floor []time.Duration
	for b.Loop() {
		if err := os.RemoveAll(s.path(".git")); err != nil {
			b.Fatal(err)
		}
		s.sh("git init -q; sync")
		floor = append(floor, git(b, s.dir, "add", "-A"))
		s.sh("rm -rf .git; git init -q; sync")
		s.fresh()
		start := time.Now()
		if _, err := s.rescan(b.Context()); err != nil {
			b.Fatal(err)
		}
		own = append(own, time.Since(start))
	}
	report(b, own, floor)
}

// BenchmarkBaselineIndexed is the first scan where git's index knows all.
func BenchmarkBaselineIndexed(b *testing.B) {
	s := benchTree(b)
	s.sh("git add -A; sleep 1; git update-index --refresh; touch .git/index")
	var own []time.Duration
	for b.Loop() {
		s.fresh()
		start := time.Now()
		if _, err := s.rescan(b.Context()); err != nil {
			b.Fatal(err)
		}
		own = append(own, time.Since(start))
	}
	b.ReportMetric(float64(median(own).Milliseconds()), "own-ms")
}

// fresh begins with an empty store.
func (s *space) fresh() {
	s.t.Helper()
	dir, opts := s.dir, s.opts
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err := os.RemoveAll(s.state); err != nil {
		s.t.Fatal(err)
	}
	s.open(dir, opts)
}

// BenchmarkScan compares a later scan with `git status` of the same tree.
// Budget: 2 of that.
func BenchmarkScan(b *testing.B) {
	s := benchTree(b)
	git(b, s.dir, "add", "-A")
	time.Sleep(racy) // so that no time stamp of the tree is in doubt any more
	git(b, s.dir, "status", "--short")
	for range 2 {
		if _, err := s.rescan(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	var own, floor []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		floor = append(floor, git(b, s.dir, "status", "--short"))
		start := time.Now()
		if _, err := s.rescan(b.Context()); err != nil {
			b.Fatal(err)
		}
		own = append(own, time.Since(start))
	}
	report(b, own, floor)
}

func report(b *testing.B, own, floor []time.Duration) {
	o, f := median(own), median(floor)
	b.ReportMetric(float64(o.Milliseconds()), "own-ms")
	b.ReportMetric(float64(f.Milliseconds()), "git-ms")
	b.ReportMetric(float64(o)/float64(f), "ratio")
}
