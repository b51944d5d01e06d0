//go:build unix

package snapshot

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// For any series of turns, reverting them restores the tree, and reverting that
// restores their result.
func TestAnyTurnsRevertAndRedo(t *testing.T) {
	s := newSpace(t, Options{})
	rapid.Check(t, func(rt *rapid.T) {
		s.clear()
		work := func(n int) {
			for range n {
				operate(rt, s.dir)
			}
		}
		work(12)
		before := s.tree()
		var records []Record
		for i := range rapid.IntRange(1, 3).Draw(rt, "turns") {
			out := s.turn(func() { work(8) })
			records = append(records, Record{ID: fmt.Sprint(i), Changes: out.Changes})
		}
		after := s.tree()
		undo, err := s.Revert(t.Context(), records, nil)
		if err != nil || len(undo.Conflicts) > 0 {
			rt.Fatalf("%+v, %v", undo.Conflicts, err)
		}
		if diff := cmp.Diff(before, s.tree()); diff != "" {
			rt.Fatalf("reverted (-want +got):\n%s", diff)
		}
		redo, err := s.Revert(t.Context(), []Record{{Changes: undo.Changes}}, nil)
		if err != nil || len(redo.Conflicts) > 0 {
			rt.Fatalf("%+v, %v", redo.Conflicts, err)
		}
		if diff := cmp.Diff(after, s.tree()); diff != "" {
			rt.Fatalf("redone (-want +got):\n%s", diff)
		}
	})
}

// operate does one random operation, which can fail.
func operate(rt *rapid.T, dir string) {
	name := func(label string) string {
		elems := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3).Draw(rt, label)
		return filepath.Join(dir, filepath.Join(elems...))
	}
	at := name("at")
	switch rapid.SampledFrom([]string{"write", "write", "mkdir", "remove", "rename", "chmod", "link", "hard"}).Draw(rt, "op") {
	case "write":
		text := rapid.SampledFrom([]string{"", "one\n", "one\ntwo\n", "\x00bin", "no newline"}).Draw(rt, "text")
		_ = os.MkdirAll(filepath.Dir(at), 0o755)
		_ = os.WriteFile(at, []byte(text), 0o644)
	case "mkdir":
		_ = os.MkdirAll(at, 0o755)
	case "remove":
		_ = os.RemoveAll(at)
	case "rename":
		_ = os.Rename(at, name("to"))
	case "chmod":
		if info, err := os.Lstat(at); err == nil && info.Mode()&os.ModeSymlink == 0 {
			_ = os.Chmod(at, rapid.SampledFrom([]os.FileMode{0o700, 0o755, 0o640 | 0o100, 0o711}).Draw(rt, "mode"))
		}
	case "link":
		_ = os.Symlink(rapid.SampledFrom([]string{"a", "../b", "/etc/passwd"}).Draw(rt, "target"), at)
	case "hard":
		_ = os.Link(at, name("to"))
	}
}
