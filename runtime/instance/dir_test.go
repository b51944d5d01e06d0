package instance_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/instance"
)

// deadOne is the identity of a process that has ended.
func deadOne(t *testing.T) instance.Identity {
	t.Helper()
	if !instance.Self().Known() {
		t.Skip("needs Linux's /proc")
	}
	child := exec.Command("true")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	who := instance.Self()
	who.PID = child.Process.Pid
	return who
}

// giveTo gives one of our directories to another process.
func giveTo(t *testing.T, dir string, who instance.Identity) {
	t.Helper()
	text, err := json.Marshal(who)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "owner"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func makeDir(t *testing.T, parent string) string {
	t.Helper()
	dir, err := instance.MakeDir(parent, "test")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestReap(t *testing.T) {
	dead, parent, outside := deadOne(t), t.TempDir(), t.TempDir()
	gone := makeDir(t, parent)
	giveTo(t, gone, dead)
	locked := filepath.Join(gone, "cache", "locked") // as a command leaves it
	if err := os.MkdirAll(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.WriteFile(filepath.Join(locked, "f"), nil, 0o400), os.Chmod(locked, 0o500),
		os.WriteFile(filepath.Join(outside, "kept"), nil, 0o600), os.Symlink(outside, filepath.Join(gone, "out")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	old := makeDir(t, parent) // its maker did not write the owner file
	if err := os.Remove(filepath.Join(old, "owner")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}

	begun := makeDir(t, parent) // nor this one's, to the end
	if err := os.Truncate(filepath.Join(begun, "owner"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(begun, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}

	var stay []string
	keep := func(name string) string { stay = append(stay, filepath.Base(name)); return name }
	keep(makeDir(t, parent)) // live: it is ours
	fresh := keep(makeDir(t, parent))
	if err := os.Remove(filepath.Join(fresh, "owner")); err != nil {
		t.Fatal(err)
	}
	writing := keep(makeDir(t, parent)) // another server is about to write the owner file
	if err := os.Truncate(filepath.Join(writing, "owner"), 0); err != nil {
		t.Fatal(err)
	}
	open := keep(makeDir(t, parent))
	giveTo(t, open, dead)
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	unclear := keep(makeDir(t, parent))
	if err := os.WriteFile(filepath.Join(unclear, "owner"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := keep(makeDir(t, parent))
	if err := os.Remove(filepath.Join(linked, "owner")); err != nil {
		t.Fatal(err)
	}
	giveTo(t, outside, dead)
	if err := os.Symlink(filepath.Join(outside, "owner"), filepath.Join(linked, "owner")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, keep(filepath.Join(parent, "pygent-test-AAAAAAAAAAAA"))); err != nil {
		t.Fatal(err)
	}
	other := keep(filepath.Join(parent, "pygent-test-mine"))
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	giveTo(t, other, dead)

	n, err := instance.Reap(context.Background(), parent, nil)
	if n != 3 || err == nil { // the unclear one and the linked one are reported
		t.Errorf("Reap: %d, %v", n, err)
	}
	slices.Sort(stay)
	if diff := cmp.Diff(stay, names(t, parent)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"kept", "owner"}, names(t, outside)); diff != "" {
		t.Error("outside: ", diff)
	}
}

func TestReapRecords(t *testing.T) {
	dead, parent := deadOne(t), t.TempDir()
	live := instance.NewRecord(parent)
	if err := live.Add("/live"); err != nil {
		t.Fatal(err)
	}
	liveDirs := names(t, parent)
	left := instance.NewRecord(parent)
	for _, dir := range []string{"/one", "/one", "/t\nwo"} {
		if err := left.Add(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names(t, parent) {
		if !slices.Contains(liveDirs, name) {
			giveTo(t, filepath.Join(parent, name), dead)
		}
	}
	for _, fails := range []bool{true, false} {
		var swept []string
		n, err := instance.ReapRecords(context.Background(), parent, func(left instance.Left) error {
			if left.Tag != dead.Tag() || left.Tag == instance.Self().Tag() || !left.Busy.IsZero() {
				t.Errorf("%+v", left)
			}
			swept = append(swept, left.Workspace)
			if fails {
				return os.ErrDeadlineExceeded
			}
			return nil
		})
		if (n == 0) != fails || (err != nil) != fails {
			t.Errorf("ReapRecords: %d, %v", n, err)
		}
		if diff := cmp.Diff([]string{"/one", "/t\nwo"}, swept); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(liveDirs, names(t, parent)); diff != "" {
		t.Error(diff)
	}
	if err := live.Close(); err != nil || len(names(t, parent)) > 0 {
		t.Errorf("Close leaves %q, %v", names(t, parent), err)
	}
}
