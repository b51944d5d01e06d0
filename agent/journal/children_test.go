package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pygent/pygent/agent/journal"
)

func child(t testing.TB, s *journal.Store, parent, id string) {
	t.Helper()
	j, err := s.Create(journal.Header{SessionID: id, ParentSessionID: parent, TaskID: "task_" + id})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestChildrenGoWithTheirParent(t *testing.T) {
	s := newStore(t)
	child(t, s, "", "s_parent")
	for _, id := range []string{"s_a", "s_b", "s_c"} {
		child(t, s, "s_parent", id)
	}
	child(t, s, "s_gone", "s_alone") // its parent is not kept
	if err := s.Delete("s_b"); err != nil {
		t.Fatal(err)
	}
	ids, err := s.Children("s_parent")
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"s_a", "s_c"}) || err != nil {
		t.Errorf("children %q, %v", ids, err)
	}
	if ids, err := s.Children("s_a"); len(ids) != 0 || err != nil {
		t.Errorf("children of a child: %q, %v", ids, err)
	}

	open, err := s.Open("s_c")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("s_parent"); !errors.Is(err, journal.ErrInUse) || !s.Exists("s_parent") {
		t.Errorf("delete beside a child that works: %v", err)
	}
	if err := open.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("s_parent"); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"s_parent", "s_a", "s_c"} {
		if s.Exists(id) {
			t.Errorf("%s is left", id)
		}
	}
	if !s.Exists("s_alone") {
		t.Error("another session went too")
	}
}

// When a parent names itself or another session as its child, reading stops
// there, and no session is deleted twice.
func TestPlantedChildren(t *testing.T) {
	s := newStore(t)
	child(t, s, "", "s_parent")
	child(t, s, "s_parent", "s_a")
	dir := filepath.Join(s.Dir("s_parent"), "delegated")
	for _, name := range []string{"s_parent", "not an id", "s_missing"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete("s_parent"); err != nil {
		t.Error(err)
	}
	if s.Exists("s_parent") || s.Exists("s_a") {
		t.Error("a session is left")
	}
}
