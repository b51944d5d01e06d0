package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/journal"
)

func TestAppendAndReadBack(t *testing.T) {
	s := newStore(t)
	j := create(t, s)
	fill(t, j, 3)
	if err := j.AppendSync(4, []byte(record(4))); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(6, []byte("{}")); err == nil {
		t.Error("a gap was written")
	}
	if err := j.Append(5, []byte("{\n}")); err == nil {
		t.Error("a newline was written")
	}
	want := records(1, 4)
	page, err := j.Page(0, journal.Bounds{})
	if diff := cmp.Diff(want, texts(page)); diff != "" || err != nil || page.More || page.LastSeq != 4 {
		t.Errorf("%v %+v\n%s", err, page, diff)
	}
	// Another process reads the same records without the lock.
	r, err := s.Reader(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	page, err = r.Page(0, journal.Bounds{})
	if diff := cmp.Diff(want, texts(page)); diff != "" || err != nil || page.LastSeq != 4 {
		t.Errorf("%v\n%s", err, diff)
	}
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Error(err)
	}
	if err := j.Append(5, []byte("{}")); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("append to a closed journal: %v", err)
	}
	j = reopen(t, s)
	if h := j.Header(); h.SessionID != id || h.Root != "/work" || h.Schema != journal.Schema || h.CreatedAt.IsZero() {
		t.Errorf("header %+v", h)
	}
	fill(t, j, 6)
	page, err = j.Page(4, journal.Bounds{})
	if diff := cmp.Diff(records(5, 6), texts(page)); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	page, err = r.Page(5, journal.Bounds{}) // the reader sees later records
	if diff := cmp.Diff(records(6, 6), texts(page)); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestPaging(t *testing.T) {
	s := newStore(t)
	j := create(t, s)
	const last = 5000 // several marks of the index
	fill(t, j, last)
	r, err := s.Reader(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for name, page := range map[string]func(int64, journal.Bounds) (journal.Page, error){"journal": j.Page, "reader": r.Page} {
		var got []string
		for after, more := int64(0), true; more; {
			p, err := page(after, journal.Bounds{Limit: 777})
			if err != nil || len(p.Lines) == 0 || len(p.Lines) > 777 || p.LastSeq != last {
				t.Fatalf("%s after %d: %d lines, last %d, %v", name, after, len(p.Lines), p.LastSeq, err)
			}
			got = append(got, texts(p)...)
			after, more = p.Lines[len(p.Lines)-1].Seq, p.More
		}
		if diff := cmp.Diff(records(1, last), got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		size := len(record(1))
		for bytes, want := range map[int]int{1: 1, size: 1, 2*size + 1: 2, 0: last} {
			if p, err := page(0, journal.Bounds{Bytes: bytes}); err != nil || len(p.Lines) != want || p.More != (want < last) {
				t.Errorf("%s: %d lines of %d bytes, more %v, %v", name, len(p.Lines), bytes, p.More, err)
			}
		}
		if p, err := page(last, journal.Bounds{}); err != nil || len(p.Lines) != 0 || p.More || p.LastSeq != last {
			t.Errorf("%s at the end: %+v, %v", name, p, err)
		}
	}
	var back []int64
	if err := j.Back(func(l journal.Line) bool { back = append(back, l.Seq); return len(back) < 3 }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{last, last - 1, last - 2}, back); diff != "" {
		t.Error(diff)
	}
}

func TestEndsAreCutAndTheRestIsKept(t *testing.T) {
	tests := []struct {
		name   string
		change func([]byte) []byte
		want   int64 // last record
	}{
		{"half a line", func(b []byte) []byte { return append(b, `{"seq":4,"te`...) }, 3},
		{"a line without its newline", func(b []byte) []byte { return b[:len(b)-1] }, 2},
		{"a line that is no JSON", func(b []byte) []byte { return append(b, "{\"seq\":4,\n"...) }, 3},
		{"zeros, as after a loss of power", func(b []byte) []byte { return append(b, make([]byte, 70_000)...) }, 3},
		{"zeros and a line", func(b []byte) []byte { return append(append(b, make([]byte, 500)...), "\n\x00\n"...) }, 3},
		{"only the header", func(b []byte) []byte { return b[:strings.IndexByte(string(b), '\n')+1] }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			file := kept(t, s, 3)
			damage(t, file, tt.change)
			r, err := s.Reader(id)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if p, err := r.Page(0, journal.Bounds{}); err != nil || p.LastSeq != tt.want || len(p.Lines) != int(tt.want) {
				t.Errorf("the reader sees %d of %d, %v", len(p.Lines), p.LastSeq, err)
			}
			j := reopen(t, s)
			if j.LastSeq() != tt.want {
				t.Errorf("last %d, want %d", j.LastSeq(), tt.want)
			}
			fill(t, j, tt.want+2)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			p, err := reopen(t, s).Page(0, journal.Bounds{})
			if diff := cmp.Diff(records(1, tt.want+2), texts(p)); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestGarbageInTheMiddleStays(t *testing.T) {
	s := newStore(t)
	file := kept(t, s, 5)
	damage(t, file, func(b []byte) []byte { return []byte(strings.Replace(string(b), record(3), "\x00\xffgarbage", 1)) })
	j := reopen(t, s)
	p, err := j.Page(0, journal.Bounds{})
	want := append(records(1, 2), "3 \x00\xffgarbage")
	if diff := cmp.Diff(append(want, records(4, 5)...), texts(p)); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestDamagedHeadersAreRefusedAndLeftAlone(t *testing.T) {
	tests := []struct {
		name   string
		change func([]byte) []byte
		want   error
	}{
		{"empty", func([]byte) []byte { return nil }, journal.ErrDamaged},
		{"half a header", func(b []byte) []byte { return b[:20] }, journal.ErrDamaged},
		{"no header", func(b []byte) []byte { return []byte("{\"seq\":1}\n" + string(b)) }, journal.ErrDamaged},
		{"another session's", func(b []byte) []byte { return []byte(strings.Replace(string(b), id, "s_2", 1)) }, journal.ErrDamaged},
		{"no end", func([]byte) []byte { return []byte(strings.Repeat("x", 20<<20)) }, journal.ErrDamaged},
		{"newer schema", func([]byte) []byte { return []byte(`{"schema":2,"sessionId":{"new":"shape"}}` + "\n{\"x\":") }, journal.ErrNewer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			file := kept(t, s, 2)
			damage(t, file, tt.change)
			before, _ := os.ReadFile(file)
			if _, err := s.Open(id); !errors.Is(err, tt.want) {
				t.Errorf("Open: %v", err)
			}
			if _, err := s.Reader(id); !errors.Is(err, tt.want) {
				t.Errorf("Reader: %v", err)
			}
			if after, _ := os.ReadFile(file); string(before) != string(after) {
				t.Error("the file was changed")
			}
			if s.InUse(id) {
				t.Error("the lock was kept")
			}
			if err := s.Delete(id); err != nil {
				t.Errorf("Delete: %v", err)
			}
		})
	}
}

func TestListAndDelete(t *testing.T) {
	s := newStore(t)
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	j := create(t, s)
	if err := os.MkdirAll(s.Dir("s_half"), 0o700); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(); err != nil || len(list) != 1 || list[0].ID != id || list[0].Modified.IsZero() {
		t.Errorf("%v, %v", list, err)
	}
	if err := s.Delete(id); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("an open session was deleted: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir(id), "undo.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(id); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir(id)); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
	if _, err := s.Open(id); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if err := s.Delete(id); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

// TestHalfMadeSessionIsNotThere reads sessions while they are made, as a client
// does that asks for the output of a new task.
func TestHalfMadeSessionIsNotThere(t *testing.T) {
	s := newStore(t)
	for n := range 300 {
		id := fmt.Sprintf("s_%d", n)
		made := make(chan error, 1)
		go func() {
			j, err := s.Create(journal.Header{SessionID: id, Root: "/work", SystemPrompt: strings.Repeat("x", n%3*100_000)})
			if err == nil {
				err = j.Close()
			}
			made <- err
		}()
		for done := false; !done; {
			select {
			case err := <-made:
				if err != nil {
					t.Fatal(err)
				}
				done = true
			default:
			}
			r, err := s.Reader(id)
			switch {
			case err == nil:
				if r.Header().Root != "/work" || r.Close() != nil {
					t.Fatalf("session %s: header %+v", id, r.Header())
				}
			case done || !errors.Is(err, journal.ErrNotFound):
				t.Fatalf("session %s, made: %v: %v", id, done, err)
			}
		}
	}
}

func TestSecondOpenerIsTold(t *testing.T) {
	s := newStore(t)
	j := create(t, s)
	if !s.InUse(id) {
		t.Error("not in use")
	}
	_, err := s.Open(id)
	if !errors.Is(err, journal.ErrInUse) || !strings.Contains(err.Error(), "process id") {
		t.Errorf("%v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if s.InUse(id) {
		t.Error("still in use")
	}
	reopen(t, s)
}
