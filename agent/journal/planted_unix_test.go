//go:build unix

package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/agent/journal"
)

func TestRightsOfWhatIsKept(t *testing.T) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	s := newStore(t)
	create(t, s)
	for path, want := range map[string]os.FileMode{
		filepath.Dir(s.Dir(id)): 0o700,
		s.Dir(id):               0o700,
		filepath.Join(s.Dir(id), "journal.jsonl"): 0o600,
		filepath.Join(s.Dir(id), "lock"):          0o600,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// TestPlantedLinksAreRefused puts links in the place of the session's files, to
// targets inside the store and outside: nothing is opened through them and their
// targets stay untouched.
func TestPlantedLinksAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		plant func(t *testing.T, s *journal.Store, target string) error
	}{
		{"directory", func(_ *testing.T, s *journal.Store, target string) error {
			return errors.Join(os.Rename(s.Dir(id), s.Dir("s_2")), os.Symlink("s_2", s.Dir(id)))
		}},
		{"directory elsewhere", func(_ *testing.T, s *journal.Store, target string) error {
			return errors.Join(os.Rename(s.Dir(id), filepath.Dir(target)+"/moved"), os.Symlink(filepath.Dir(target)+"/moved", s.Dir(id)))
		}},
		{"journal", func(_ *testing.T, s *journal.Store, target string) error {
			file := filepath.Join(s.Dir(id), "journal.jsonl")
			return errors.Join(os.Rename(file, filepath.Join(s.Dir(id), "other")), os.Symlink("other", file))
		}},
		{"journal elsewhere", func(_ *testing.T, s *journal.Store, target string) error {
			file := filepath.Join(s.Dir(id), "journal.jsonl")
			return errors.Join(os.Remove(file), os.Symlink(target, file))
		}},
		{"a pipe for the journal", func(_ *testing.T, s *journal.Store, target string) error {
			file := filepath.Join(s.Dir(id), "journal.jsonl")
			return errors.Join(os.Remove(file), unix.Mkfifo(file, 0o600))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			kept(t, s, 2)
			target := filepath.Join(t.TempDir(), "target")
			if err := os.WriteFile(target, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := tt.plant(t, s, target); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Open(id); err == nil {
				t.Error("Open followed it")
			}
			if _, err := s.Reader(id); err == nil {
				t.Error("Reader followed it")
			}
			if list, err := s.List(); err != nil || len(list) > 0 && list[0].ID == id {
				t.Errorf("listed: %v, %v", list, err)
			}
			if _, err := s.Create(journal.Header{SessionID: id}); err == nil {
				t.Error("Create went through it")
			}
			if data, err := os.ReadFile(target); string(data) != "mine" {
				t.Errorf("the target is %q, %v", data, err)
			}
		})
	}
}

func TestPlantedLockIsRefused(t *testing.T) {
	s := newStore(t)
	kept(t, s, 2)
	lock := filepath.Join(s.Dir(id), "lock")
	if err := errors.Join(os.Remove(lock), os.Symlink("journal.jsonl", lock)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(id); err == nil {
		t.Error("Open followed it")
	}
	if r, err := s.Reader(id); err != nil {
		t.Error("the journal was written over:", err)
	} else {
		_ = r.Close()
	}
}

func TestIDsThatAreNone(t *testing.T) {
	s := newStore(t)
	kept(t, s, 1)
	for _, bad := range []string{"", ".", "..", "../sessions/" + id, "a/b", "a\x00b", "a b", "/etc"} {
		if _, err := s.Open(bad); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("%q: %v", bad, err)
		}
		if err := s.Delete(bad); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("delete %q: %v", bad, err)
		}
		if _, err := s.Create(journal.Header{SessionID: bad}); err == nil {
			t.Errorf("%q was made", bad)
		}
	}
}
