//go:build unix

package snapshot

import (
	"os"
	"path/filepath"
	"testing"
)

// Contents that neither the workspace nor a log needs are removed; the others
// stay, also after a restart.
func TestCollectKeepsWhatIsNeeded(t *testing.T) {
	s := newSpace(t, Options{})
	s.write("kept", "before\n")
	s.write("forgotten", "old\n")
	kept := s.turn(func() { s.write("kept", "after\n") })
	s.turn(func() { s.write("forgotten", "new\n") })
	name := filepath.Join(s.state, "undo.jsonl")
	l, err := OpenLog(name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Append(Record{ID: "1", Changes: kept.Changes}); err != nil {
		t.Fatal(err)
	}
	other, err := Open(s.dir, s.state, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Collect(t.Context(), []string{name}); err != nil || !got.Shared {
		t.Errorf("beside another one: %+v, %v", got, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := s.Collect(t.Context(), []string{name, name + ".missing"})
	if err != nil || got.Removed != 1 || got.Used != 3*block {
		t.Errorf("collected %+v, %v", got, err)
	}
	s.reopen()
	noConflicts(t, s.revert(kept.Changes))
	out := s.turn(func() { os.Remove(s.path("forgotten")) })
	noConflicts(t, s.revert(out.Changes))
	if data, err := os.ReadFile(s.path("forgotten")); string(data) != "new\n" {
		t.Errorf("%q, %v", data, err)
	}
}

// Dead processes leave their file in users; that must not prevent collections
// for ever.
func TestCollectAfterADeath(t *testing.T) {
	s := newSpace(t, Options{})
	if err := os.WriteFile(filepath.Join(s.state, usersDir, "dead"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Collect(t.Context(), nil); err != nil || got.Shared {
		t.Errorf("%+v, %v", got, err)
	}
}

// A full store is reported for each file, and damaged contents are never
// written.
func TestFullAndDamagedStore(t *testing.T) {
	s := newSpace(t, Options{MaxStoreBytes: 2 * block})
	s.write("a", "1")
	s.write("b", "2")
	s.write("c", "3")
	out := s.turn(func() {})
	if out.LeftTotal != 1 || out.Left[0].Reason != "the undo store is full (8192 bytes)" {
		t.Errorf("left %+v", out.Left)
	}
	full := newSpace(t, Options{})
	full.write("a", "before")
	out = full.turn(func() { full.write("a", "later!") })
	name := full.store.path(out.Changes[0].Before.Hash)
	if err := os.WriteFile(name, []byte("BEFORE"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := full.revert(out.Changes)
	if len(r.Conflicts) != 1 || len(r.Changes) != 0 {
		t.Errorf("reverted %+v", r)
	}
	if data, _ := os.ReadFile(full.path("a")); string(data) != "later!" {
		t.Errorf("a is %q", data)
	}
	for name := range full.tree() {
		if isTemp(filepath.Base(name)) {
			t.Errorf("%s is left", name)
		}
	}
}
