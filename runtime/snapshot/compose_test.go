package snapshot

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Records that follow one another are one change: what came and went is not in
// it, and a file that moved twice moved once.
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

// A scan that is cancelled before it begins, or that a turn was told to give up,
// ends.
func TestCancelledScanEnds(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("a", "one\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u := s.Begin(ctx)
	if err := u.Ready(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("Ready = %v", err)
	}
	u = s.Begin(t.Context())
	if _, err := u.End(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("End = %v", err)
	}
}
