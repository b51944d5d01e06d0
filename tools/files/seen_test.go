package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/files"
)

// space is a workspace with a Seen.
type space struct {
	t    *testing.T
	ws   *runtime.Workspace
	seen *files.Seen
}

func newSpace(t *testing.T) *space {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	return &space{t, ws, files.New()}
}

func (s *space) put(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.ws.Dir(), name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *space) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.ws.Dir(), name)); err != nil {
		s.t.Fatal(err)
	}
}

// saw makes the model see a file.
func (s *space) saw(name string) {
	s.t.Helper()
	l, err := s.ws.Look(name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.seen.Saw(l.Real, l.Data, l.Info)
}

func (s *space) state(name string) string {
	s.t.Helper()
	l, err := s.ws.Look(name)
	if err != nil {
		s.t.Fatal(err)
	}
	state, known := s.seen.Compare(l.Real, l.Data)
	text := ""
	if known != nil {
		text = *known
	}
	return fmt.Sprint([]string{"unknown", "same", "own", "stale"}[state], " ", text)
}

func TestSeen(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(s *space)
		want string
	}{
		"never":          {func(*space) {}, "unknown "},
		"read":           {func(s *space) { s.saw("a") }, "same "},
		"others":         {func(s *space) { s.saw("a"); s.put("a", "2") }, "stale 1"},
		"back again":     {func(s *space) { s.saw("a"); s.put("a", "2"); s.put("a", "1") }, "same "},
		"by a command":   {func(s *space) { s.saw("a"); end := s.seen.During(s.ws); s.put("a", "2"); end() }, "own 1"},
		"after it":       {func(s *space) { s.saw("a"); s.seen.During(s.ws)(); s.put("a", "2") }, "stale 1"},
		"before it":      {func(s *space) { s.saw("a"); s.put("a", "2"); s.seen.During(s.ws)() }, "stale 1"},
		"before and by":  {func(s *space) { s.saw("a"); s.put("a", "2"); end := s.seen.During(s.ws); s.put("a", "3"); end() }, "stale 1"},
		"by and after":   {func(s *space) { s.saw("a"); end := s.seen.During(s.ws); s.put("a", "2"); end(); s.put("a", "3") }, "stale 1"},
		"touched before": {func(s *space) { s.saw("a"); s.put("a", "1"); end := s.seen.During(s.ws); s.put("a", "2"); end() }, "own 1"},
		"by two commands": {func(s *space) {
			s.saw("a")
			for _, text := range []string{"2", "3"} {
				end := s.seen.During(s.ws)
				s.put("a", text)
				end()
			}
		}, "own 1"},
		"made anew by two commands": {func(s *space) {
			s.saw("a")
			end := s.seen.During(s.ws)
			s.remove("a")
			end()
			end = s.seen.During(s.ws)
			s.put("a", "2")
			end()
		}, "own 1"},
		"read meanwhile": {func(s *space) { s.saw("a"); end := s.seen.During(s.ws); s.put("a", "2"); s.saw("a"); end() }, "same "},
		"read after it":  {func(s *space) { s.saw("a"); end := s.seen.During(s.ws); s.put("a", "2"); end(); s.saw("a") }, "same "},
		"first read later": {func(s *space) {
			end := s.seen.During(s.ws)
			s.put("a", "2")
			end()
			s.saw("a")
			s.put("a", "3")
		}, "stale 2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpace(t)
			s.put("a", "1")
			tt.do(s)
			if got := s.state("a"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNilSeenKnowsNothing(t *testing.T) {
	s := newSpace(t)
	s.seen = nil
	s.put("a", "1")
	s.saw("a")
	s.seen.During(s.ws)()
	if got := s.state("a"); got != "unknown " {
		t.Errorf("got %q", got)
	}
	part, err := s.seen.Lines("", nil, strings.NewReader("x\n"), files.Bounds{First: 1, Lines: 1, Chars: 10})
	if err != nil || part.Total != 1 {
		t.Errorf("%+v, %v", part, err)
	}
}

// TestSeenIsBounded: old contents and files are forgotten, and then nothing is
// refused because of them.
func TestSeenIsBounded(t *testing.T) {
	s := newSpace(t)
	s.put("a", "1")
	s.saw("a")
	big := strings.Repeat("x", 4<<20)
	for i := range 9 {
		s.seen.Saw(fmt.Sprint("big", i), big, nil)
	}
	s.put("a", "2")
	if got := s.state("a"); got != "stale " {
		t.Errorf("got %q", got)
	}
	for i := range 4200 {
		s.seen.Saw(fmt.Sprint("f", i), "", nil)
	}
	if got := s.state("a"); got != "unknown " {
		t.Errorf("got %q", got)
	}
}

func TestSeenByManyAtOnce(t *testing.T) {
	s := newSpace(t)
	s.put("a", "1")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				end := s.seen.During(s.ws)
				s.saw("a")
				_ = s.state("a")
				end()
			}
		})
	}
	all.Wait()
	if got := s.state("a"); got != "same " {
		t.Errorf("got %q", got)
	}
}

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		text string
		b    files.Bounds
		want string
	}{
		{"", files.Bounds{First: 1, Lines: 9, Chars: 99}, "[] 0 false true"},
		{"a\nb\nc", files.Bounds{First: 1, Lines: 9, Chars: 99}, "[a b c] 3 false false"},
		{"a\nb\nc", files.Bounds{First: 2, Lines: 1, Chars: 99}, "[b] 3 false false"},
		{"a\nb\nc", files.Bounds{First: 4, Lines: 1, Chars: 99}, "[] 3 false true"},
		{"a\n\n", files.Bounds{First: 2, Lines: 9, Chars: 99}, "[] 2 false false"},
		{"abc\ndef\n", files.Bounds{First: 1, Lines: 9, Chars: 3}, "[abc] 2 false false"},
		{"abc\ndef\n", files.Bounds{First: 1, Lines: 9, Chars: 5}, "[abc] 2 false false"},
		{"abc\ndef\n", files.Bounds{First: 1, Lines: 9, Chars: 6}, "[abc def] 2 false false"},
		{"abc\ndef\n", files.Bounds{First: 1, Lines: 9, Chars: 9, Extra: 2}, "[abc] 2 false false"},
		{"abc\ndef\n", files.Bounds{First: 1, Lines: 9, Chars: 2}, "[ab] 2 true false"},
		{"öäü\n", files.Bounds{First: 1, Lines: 9, Chars: 2}, "[öä] 1 true false"},
		{"öäü\n", files.Bounds{First: 1, Lines: 9, Chars: 3}, "[öäü] 1 false false"},
		{"\xff\xff\xff\n", files.Bounds{First: 1, Lines: 9, Chars: 2}, "[\xff\xff] 1 true false"},
	} {
		p, err := files.New().Lines("", nil, strings.NewReader(tt.text), tt.b)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
		}
		if got := fmt.Sprintf("%s %d %v %v", p.Lines, p.Total, p.Cut, p.Beyond); got != tt.want {
			t.Errorf("%q %+v: %q, want %q", tt.text, tt.b, got, tt.want)
		}
	}
}

// TestLinesAcrossChunks compares each place of a large text with what it is.
func TestLinesAcrossChunks(t *testing.T) {
	s := newSpace(t)
	var text strings.Builder
	var lines []string
	for i := 0; text.Len() < 5<<20; i++ {
		line := fmt.Sprint(i, strings.Repeat("x", i*7919%5000))
		lines = append(lines, line)
		text.WriteString(line + "\n")
	}
	s.put("large", text.String())
	f, err := os.Open(filepath.Join(s.ws.Dir(), "large"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range lines {
		p, err := s.seen.Lines("large", info, f, files.Bounds{First: i + 1, Lines: 1, Chars: 1 << 20})
		if err != nil || len(p.Lines) != 1 || string(p.Lines[0]) != want || p.Total != len(lines) {
			t.Fatalf("line %d: %.50q of %d, %v", i+1, p.Lines, p.Total, err)
		}
	}
	if err := os.Truncate(filepath.Join(s.ws.Dir(), "large"), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := s.seen.Lines("large", info, f, files.Bounds{First: len(lines), Lines: 1, Chars: 100}); err == nil {
		t.Error("a file that became shorter was read")
	}
}
