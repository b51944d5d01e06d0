package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/journal"
)

// BenchmarkAppend compares a record of 200 bytes with a bare write of the same
// size.
func BenchmarkAppend(b *testing.B) {
	line := []byte(`{"text":"` + strings.Repeat("x", 188) + `"}`)
	b.Run("journal", func(b *testing.B) {
		j := create(b, newStore(b))
		b.ReportAllocs()
		for seq := int64(1); b.Loop(); seq++ {
			if err := j.Append(seq, line); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "bare"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.Write(append(line[:len(line):len(line)], '\n')); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOpen opens a journal of 100 MB and reads its last page; heap-MB is the
// memory that stays in use.
func BenchmarkOpen(b *testing.B) {
	s := newStore(b)
	file := kept(b, s, 0)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	var lines int64
	for size := 0; size < 100<<20; lines++ {
		n, err := fmt.Fprintf(f, `{"seq":%d,"kind":"toolFinished","text":%q}`+"\n", lines+1, strings.Repeat("x", int(lines%700)))
		if err != nil {
			b.Fatal(err)
		}
		size += n
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	var before, after goruntime.MemStats
	goruntime.GC()
	goruntime.ReadMemStats(&before)
	b.ReportAllocs()
	for b.Loop() {
		j, err := s.Open(id)
		if err != nil {
			b.Fatal(err)
		}
		if p, err := j.Page(j.LastSeq()-100, journal.Bounds{}); err != nil || p.LastSeq != lines || len(p.Lines) != 100 {
			b.Fatal(len(p.Lines), p.LastSeq, err)
		}
		goruntime.ReadMemStats(&after)
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "heap-MB")
}
