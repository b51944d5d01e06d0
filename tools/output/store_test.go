package output

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func read(t *testing.T, s *Store, id string) string {
	t.Helper()
	f, err := s.Open(id)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func keep(t *testing.T, s *Store, text string) string {
	t.Helper()
	id, err := s.Keep(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "session", "output")
	s := NewStore(dir)
	if a, b := keep(t, s, "first\n"), keep(t, s, "größe\n"); a != "o1" || b != "o2" {
		t.Errorf("ids %s, %s", a, b)
	}
	if got := read(t, s, "o2"); got != "größe\n" {
		t.Errorf("read %q", got)
	}
	info, err := os.Stat(filepath.Join(dir, "o1"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again := NewStore(dir) // of the next server
	if got := read(t, again, "o1"); got != "first\n" {
		t.Errorf("after a restart: %q", got)
	}
	if id := keep(t, again, "x"); id != "o3" {
		t.Errorf("id %s after a restart", id)
	}
}

func TestOldestGoFirst(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := NewStore(dir)
	s.max = 10
	for range 4 {
		keep(t, s, "1234")
	}
	for id, there := range map[string]bool{"o1": false, "o2": false, "o3": true, "o4": true} {
		f, err := s.Open(id)
		if (err == nil) != there || !there && !errors.Is(err, ErrNotKept) {
			t.Errorf("%s: %v", id, err)
		}
		if err == nil {
			_ = f.Close()
		}
	}
	again := NewStore(dir)
	again.max = 10
	keep(t, again, "123456789")
	if left, _ := filepath.Glob(filepath.Join(dir, "o*")); len(left) != 1 || filepath.Base(left[0]) != "o5" {
		t.Errorf("left: %v", left)
	}
}

func TestLongOutput(t *testing.T) {
	s := NewStore(t.TempDir())
	got := read(t, s, keep(t, s, "head\n"+strings.Repeat("ü", MaxBytes/2)+"\ntail"))
	if len(got) > MaxBytes || len(got) < MaxBytes-100 || !utf8.ValidString(got) || !strings.HasPrefix(got, "head\n") || !strings.HasSuffix(got, "\ntail") ||
		!strings.Contains(got, " bytes are not kept …]\n") {
		t.Errorf("%d bytes", len(got))
	}
}

func TestID(t *testing.T) {
	for path, want := range map[string]string{
		"output:o1": "o1", "output:o17": "o17", "output:o0": "", "output:": "", "output:o1/../o2": "", "o1": "", "output:o9999999999": "", "Output:o1": "",
	} {
		if id, ok := ID(path); ok != (want != "") || ok && id != want {
			t.Errorf("%s: %q, %v", path, id, ok)
		}
	}
	if id, ok := ID(Path("o3")); id != "o3" || !ok {
		t.Errorf("%q, %v", id, ok)
	}
}

func TestBadStores(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"o7": "../secret", "o8": "gone"} {
		if err := os.Symlink(target, filepath.Join(own, name)); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Mkdir(filepath.Join(own, "o9"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := NewStore(own)
	for _, id := range []string{"o7", "o8", "o9", "o1", "", "../secret", "secret"} {
		if f, err := s.Open(id); err == nil {
			_ = f.Close()
			t.Errorf("%q was opened", id)
		}
	}
	if id := keep(t, s, "x"); id != "o10" { // never over what is there
		t.Errorf("id %s", id)
	}
	if _, err := NewStore(filepath.Join(dir, "secret")).Keep("x"); err == nil {
		t.Error("kept in a file")
	}
	var none *Store
	if _, err := none.Keep("x"); !errors.Is(err, ErrNotKept) {
		t.Errorf("no store: %v", err)
	}
	if _, err := none.Open("o1"); !errors.Is(err, ErrNotKept) {
		t.Errorf("no store: %v", err)
	}
	if _, err := NewStore(filepath.Join(dir, "none")).Open("o1"); !errors.Is(err, ErrNotKept) {
		t.Errorf("no directory: %v", err)
	}
}
