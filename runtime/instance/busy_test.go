package instance_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/instance"
)

// TestBusyIsTold: the record of a process that ended during its work says since
// when it worked, and in which workspaces.
func TestBusyIsTold(t *testing.T) {
	dead, parent := deadOne(t), t.TempDir()
	r := instance.NewRecord(parent)
	begin := func(dir string) func() {
		t.Helper()
		end, err := r.Begin(dir, "strong")
		if err != nil {
			t.Fatal(err)
		}
		return end
	}
	for _, dir := range []string{"/idle", "/never", "/busy", "/again"} {
		if err := r.Add(dir); err != nil {
			t.Fatal(err)
		}
	}
	begin("/not added")()
	begin("/idle")()
	begin("/again")()
	before := time.Now()
	first := begin("/busy")
	middle := time.Now()
	begin("/busy")
	first()
	begin("/again")
	for _, name := range names(t, parent) {
		giveTo(t, filepath.Join(parent, name), dead)
	}
	busy := map[string]string{}
	n, err := instance.ReapRecords(context.Background(), parent, func(left instance.Left) error {
		busy[left.Workspace] = left.Word
		switch {
		case left.Workspace == "/busy" && (left.Busy.Before(before) || left.Busy.After(middle)):
			t.Errorf("busy since %v, and not between %v and %v", left.Busy, before, middle)
		case left.Workspace == "/again" && left.Busy.Before(middle):
			t.Errorf("busy again since %v, which is before %v", left.Busy, middle)
		}
		return nil
	})
	if n != 1 || err != nil {
		t.Errorf("ReapRecords: %d, %v", n, err)
	}
	if diff := cmp.Diff(map[string]string{"/idle": "", "/never": "", "/busy": "strong", "/again": "strong"}, busy); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkBegin is the cost for each command; the budget is 20 µs.
func BenchmarkBegin(b *testing.B) {
	r := instance.NewRecord(b.TempDir())
	defer r.Close()
	if err := r.Add("/workspace"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		end, err := r.Begin("/workspace", "container")
		if err != nil {
			b.Fatal(err)
		}
		end()
	}
}
