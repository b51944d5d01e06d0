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

// BenchmarkLargeTree compares scans of 100,000 files with git, run beside them.
// Budgets: baseline, the first scan of a tree that git's index does not know, 1.2
// of `git add -A`; scan, a later one, 2 of `git status`; keep, once in a turn that
// changes something, 0.2 of that. The baseline of a tree
// that git knows has no floor.
func BenchmarkLargeTree(b *testing.B) {
	if testing.Short() {
		b.Skip("takes minutes")
	}
	s := benchTree(b)
	b.Run("baseline", func(b *testing.B) {
		var own, floor []time.Duration
		for b.Loop() {
			floor = append(floor, git(b, s.dir, "add", "-A"))
			s.sh(fmt.Sprintf("mv .git ../git-%d; git init -q; sync", len(floor)))
			s.fresh()
			own = append(own, s.timedScan())
			s.sh("sync")
		}
		report(b, own, floor)
	})
	s.sh("git add -A; sleep 2; git status -s > /dev/null; touch -d '1 hour' .git/index")
	b.Run("indexed", func(b *testing.B) {
		var own []time.Duration
		for b.Loop() {
			s.fresh()
			own = append(own, s.timedScan())
		}
		report(b, own, own)
	})
	b.Run("scan", func(b *testing.B) {
		var own, floor []time.Duration
		b.ReportAllocs()
		for b.Loop() {
			floor = append(floor, git(b, s.dir, "status", "--short"))
			own = append(own, s.timedScan())
		}
		report(b, own, floor)
	})
	b.Run("keep", func(b *testing.B) {
		var own, floor []time.Duration
		b.ReportAllocs()
		for b.Loop() {
			floor = append(floor, git(b, s.dir, "status", "--short"))
			own = append(own, s.timedKeep())
		}
		report(b, own, floor)
	})
}

// timedKeep measures what Keep adds to a turn that changes files, once.
func (s *space) timedKeep() time.Duration {
	s.t.Helper()
	u := s.Begin(s.t.Context(), "log", "t")
	if err := u.Ready(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	start := time.Now()
	if err := u.Keep(); err != nil {
		s.t.Fatal(err)
	}
	took := time.Since(start)
	if _, err := u.End(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := u.Forget(); err != nil {
		s.t.Fatal(err)
	}
	return took
}

func (s *space) timedScan() time.Duration {
	s.t.Helper()
	start := time.Now()
	if _, err := s.rescan(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return time.Since(start)
}

// fresh begins with an empty store.
func (s *space) fresh() {
	s.t.Helper()
	s.state += "x"
	s.reopen()
}

func report(b *testing.B, own, floor []time.Duration) {
	o, f := median(own), median(floor)
	b.ReportMetric(float64(o.Milliseconds()), "own-ms")
	b.ReportMetric(float64(f.Milliseconds()), "git-ms")
	b.ReportMetric(float64(o)/float64(f), "ratio")
}
