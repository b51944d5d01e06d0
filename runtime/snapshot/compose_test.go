package snapshot

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Consecutive records combine to one change: a file that was added and removed
// is not in it, and a file that was renamed twice is renamed once.
func TestCompose(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("a", "one\n")
	s.write("b", "two\n")
	var records []Record
	for _, script := range []string{
		"mv a c; echo x > gone; echo 2 >> b",
		"mv c d; rm gone; echo 3 >> b; mkdir dir",
	} {
		records = append(records, Record{Changes: s.turn(func() { s.sh(script) }).Changes})
	}
	want := []string{"modified b +2-0", "renamed d from a +0-0", "added dir/ +0-0"}
	if diff := cmp.Diff(want, told(s.Compose(records))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// A scan that is cancelled before it begins or during it ends.
func TestCancelledScanEnds(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("a", "one\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u := s.Begin(ctx, "", "t")
	if err := u.Ready(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("Ready = %v", err)
	}
	u = s.Begin(t.Context(), "", "t")
	if _, err := u.End(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("End = %v", err)
	}
}

// A tool fills a directory before the first scan reaches it: all files in it
// are new, even if the scan saw them.
func TestDirectoryFilledBeforeFirstScan(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("other", "x\n")
	s.scanning.Lock()
	u := s.Begin(t.Context(), "", "t")
	if err := u.PreImage("new/deep"); err != nil {
		t.Fatal(err)
	}
	s.write("new/deep/a", "1\n")
	s.write("new/deep/b/c", "2\n")
	s.scanning.Unlock()
	if err := u.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := u.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"added new/ +0-0", "added new/deep/ +0-0", "added new/deep/a +1-0", "added new/deep/b/ +0-0", "added new/deep/b/c +1-0"}
	if diff := cmp.Diff(want, told(out.Changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
