package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLogCutsTornTailAndKeepsBytes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "undo.jsonl")
	l, err := OpenLog(name)
	if err != nil {
		t.Fatal(err)
	}
	first := Record{ID: "t1", Time: time.Unix(1, 0).UTC(), Changes: []Change{{
		Path: "bad\xff\nname", Change: "added", Before: State{Kind: Absent},
		After: State{Kind: File, Mode: 0o4755, Size: 3, Hash: Hash{1, 2}},
	}}}
	second := Record{ID: "t2", Time: time.Unix(2, 0).UTC(), Changes: []Change{{
		Path: "link", Change: "modified", Before: State{Kind: Link, Target: "\xfe"}, After: State{Kind: Link, Target: "b"},
	}}}
	for _, r := range []Record{first, second} {
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("garbage\n" + `{"id":"t3","time":"19`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if l, err = OpenLog(name); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if diff := cmp.Diff([]string{"t1", "t2"}, l.IDs()); diff != "" {
		t.Errorf("ids: %s", diff)
	}
	third := Record{ID: "t3", Time: time.Unix(3, 0).UTC()}
	if err := l.Append(third); err != nil {
		t.Fatal(err)
	}
	for _, want := range []Record{first, second, third} {
		got, err := l.Read(want.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", want.ID, err, diff)
		}
	}
	if _, err := l.Read("t4"); !errors.Is(err, ErrNoRecord) {
		t.Errorf("a record that is not there: %v", err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
