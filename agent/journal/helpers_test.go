package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pygent/pygent/agent/journal"
)

const id = "s_1"

// newStore makes a store in a directory that does not exist yet.
func newStore(t testing.TB) *journal.Store {
	t.Helper()
	return journal.NewStore(filepath.Join(t.TempDir(), "state", "sessions"))
}

func create(t testing.TB, s *journal.Store) *journal.Journal {
	t.Helper()
	j, err := s.Create(journal.Header{SessionID: id, Root: "/work"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func reopen(t testing.TB, s *journal.Store) *journal.Journal {
	t.Helper()
	j, err := s.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// fill appends records up to the number last.
func fill(t testing.TB, j *journal.Journal, last int64) {
	t.Helper()
	for seq := j.LastSeq() + 1; seq <= last; seq++ {
		if err := j.Append(seq, []byte(record(seq))); err != nil {
			t.Fatal(err)
		}
	}
}

func record(seq int64) string { return fmt.Sprintf(`{"seq":%d,"text":"<a> & b"}`, seq) }

// kept makes a closed session of n records and returns its file.
func kept(t testing.TB, s *journal.Store, n int64) string {
	t.Helper()
	j := create(t, s)
	fill(t, j, n)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(s.Dir(id), "journal.jsonl")
}

// damage changes a file's bytes.
func damage(t testing.TB, file string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, change(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// texts returns the records of a page.
func texts(p journal.Page) []string {
	var list []string
	for _, l := range p.Lines {
		list = append(list, fmt.Sprintf("%d %s", l.Seq, l.Data))
	}
	return list
}

// records returns the texts of the records from one number to another.
func records(from, to int64) []string {
	var list []string
	for seq := from; seq <= to; seq++ {
		list = append(list, fmt.Sprintf("%d %s", seq, record(seq)))
	}
	return list
}
