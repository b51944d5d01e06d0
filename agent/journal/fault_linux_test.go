package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/agent/journal"
)

// smallDisk makes a store on a file system of a few pages.
func smallDisk(t *testing.T) (store *journal.Store, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("mount a small disk:", err)
		}
		t.Skip("no right to mount a small disk:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return journal.NewStore(filepath.Join(dir, "sessions")), dir
}

// TestFullDisk fills the disk with records. The records that no longer fit are
// kept, are part of every page, and are written when there is space.
func TestFullDisk(t *testing.T) {
	s, dir := smallDisk(t)
	j := create(t, s)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 40<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for {
		last++
		if err := j.Append(last, []byte(record(last))); err != nil {
			if !errors.Is(err, unix.ENOSPC) {
				t.Fatal(err)
			}
			break
		}
		if last > 10_000 {
			t.Fatal("the disk has no end")
		}
	}
	if err := j.Append(last+1, []byte(`{"seq":0}`)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("the next one: %v", err)
	}
	if err := j.Amend([]byte(record(last + 1))); err != nil {
		t.Error(err)
	}
	if err := j.Flush(); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("Flush: %v", err)
	}
	last++
	if p, err := j.Page(last-3, journal.Bounds{}); err != nil || p.LastSeq != last || j.LastSeq() != last {
		t.Errorf("%d, %v", p.LastSeq, err)
	} else if diff := cmp.Diff(records(last-2, last), texts(p)); diff != "" {
		t.Error(diff)
	}
	if p, err := j.Page(0, journal.Bounds{Limit: int(last) - 1}); err != nil || len(p.Lines) != int(last)-1 || !p.More {
		t.Errorf("%d lines, more %v, %v", len(p.Lines), p.More, err)
	}
	// Meanwhile the file ends with a whole line.
	r, err := s.Reader(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if p, err := r.Page(0, journal.Bounds{}); err != nil || p.LastSeq != last-2 {
		t.Errorf("on the disk %d, %v", p.LastSeq, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	fill(t, j, last+1)
	if err := j.Sync(); err != nil {
		t.Error(err)
	}
	if err := j.Amend([]byte("{}")); err == nil {
		t.Error("a written record was amended")
	}
	p, err := r.Page(0, journal.Bounds{})
	if diff := cmp.Diff(records(1, last+1), texts(p)); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestNoRoomForASession(t *testing.T) {
	s, dir := smallDisk(t)
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 64<<10), 0o600); err == nil {
		_ = os.Remove(filepath.Join(dir, "ballast"))
		t.Log("the disk holds 64 KiB") // then the directories still fit
	}
	if _, err := s.Create(journal.Header{SessionID: id, SystemPrompt: string(make([]byte, 60<<10))}); err == nil {
		t.Fatal("it was made")
	}
	if _, err := os.Stat(s.Dir(id)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a session is left: %v", err)
	}
}

func TestReadOnlyState(t *testing.T) {
	if os.Geteuid() == 0 {
		s, dir := smallDisk(t)
		kept(t, s, 2)
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Skip("cannot make it read-only:", err)
		}
		readOnly(t, s)
		return
	}
	s := newStore(t)
	kept(t, s, 2)
	dir := filepath.Dir(s.Dir(id))
	if err := errors.Join(os.Chmod(s.Dir(id), 0o500), os.Chmod(dir, 0o500), os.Chmod(filepath.Join(s.Dir(id), "lock"), 0o400)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(os.Chmod(dir, 0o700), os.Chmod(s.Dir(id), 0o700)) })
	readOnly(t, s)
}

// readOnly checks that a session there can only be read.
func readOnly(t *testing.T, s *journal.Store) {
	t.Helper()
	if _, err := s.Create(journal.Header{SessionID: "s_2"}); err == nil {
		t.Error("a session was made")
	}
	if _, err := s.Open(id); err == nil || errors.Is(err, journal.ErrNotFound) {
		t.Errorf("Open: %v", err)
	}
	r, err := s.Reader(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if p, err := r.Page(0, journal.Bounds{}); err != nil || p.LastSeq != 2 {
		t.Errorf("%d, %v", p.LastSeq, err)
	}
}
