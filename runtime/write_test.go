package runtime_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestWriteFile(t *testing.T) {
	ws := workspace(t, map[string]string{"old": "1\n2\n3\n", "bin": "a\x00b\n"})
	for _, c := range []struct {
		name, content string
		want          runtime.Change
	}{
		{"a/./b.txt", "x\ny", runtime.Change{Path: "a/b.txt", Change: "added", Added: 2}},
		{"old", "1\ntwo\n3\n4\n", runtime.Change{Path: "old", Change: "modified", Added: 2, Removed: 1}},
		{"old", "1\ntwo\n3\n4\n", runtime.Change{Path: "old", Change: "modified"}},
		{"old", "1\ntwo\n3\n4", runtime.Change{Path: "old", Change: "modified", Added: 1, Removed: 1}},
		{"old", "", runtime.Change{Path: "old", Change: "modified", Removed: 4}},
		{"bin", "text\n", runtime.Change{Path: "bin", Change: "modified"}},
		{"-rf", "a\n", runtime.Change{Path: "-rf", Change: "added", Added: 1}},
		{"new\nline", "", runtime.Change{Path: "new\nline", Change: "added"}},
	} {
		got, err := ws.WriteFile(c.name, []byte(c.content))
		if err != nil {
			t.Errorf("%q: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.name, diff)
		}
		if data, err := ws.ReadFile(c.name, 100); err != nil || string(data) != c.content {
			t.Errorf("%q reads %q, %v", c.name, data, err)
		}
	}
}

func TestWriteKeepsPermissionBits(t *testing.T) {
	ws := workspace(t, map[string]string{"script": "old", "readonly": "old"})
	script, readonly := filepath.Join(ws.Dir(), "script"), filepath.Join(ws.Dir(), "readonly")
	must(t, os.Chmod(script, 0o750))
	must(t, os.Chmod(readonly, 0o444))
	for name, want := range map[string]os.FileMode{script: 0o750, readonly: 0o444} {
		_, err := ws.WriteFile(filepath.Base(name), []byte("new"))
		must(t, err)
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s: %v", name, info.Mode())
		}
	}
}

func TestWriteGoesThroughLinksInside(t *testing.T) {
	ws := workspace(t, map[string]string{"dir/target": "old", "dir/link": "-> target", "link": "-> dir/../dir/link", "dangling": "-> dir/new"})
	for _, name := range []string{"link", "dangling"} {
		change, err := ws.WriteFile(name, []byte(name+"\n"))
		must(t, err)
		if change.Path != name {
			t.Errorf("changed %q", change.Path)
		}
	}
	want := map[string]string{"dir/": "", "dir/target": "link\n", "dir/link": "-> target", "link": "-> dir/../dir/link", "dangling": "-> dir/new", "dir/new": "dangling\n"}
	if diff := cmp.Diff(want, tree(t, ws)); diff != "" {
		t.Error(diff)
	}
}

func TestLinksOutsideAreRefused(t *testing.T) {
	secret := outsideFile(t)
	ws := workspace(t, nil)
	rel, err := filepath.Rel(ws.Dir(), secret)
	must(t, err)
	links := map[string]string{"abs": secret, "rel": rel, "dir": filepath.Dir(secret), "inside": filepath.Join(ws.Dir(), "x"), "chain": "rel"}
	for name, target := range links {
		must(t, os.Symlink(target, filepath.Join(ws.Dir(), name)))
	}
	for _, name := range []string{"abs", "rel", "dir/outside", "dir/new", "inside", "chain"} {
		if data, err := ws.ReadFile(name, 100); !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("read %s: %q, %v", name, data, err)
		}
		if _, err := ws.WriteFile(name, []byte("pwned")); !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("write %s: %v", name, err)
		}
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
		t.Errorf("outside: %q, %v", data, err)
	}
}

func TestHardLinkOutsideKeepsItsContent(t *testing.T) {
	ws := workspace(t, nil)
	other := workspace(t, map[string]string{"outside": "precious"})
	name := filepath.Join(other.Dir(), "outside")
	must(t, os.Link(name, filepath.Join(ws.Dir(), "link")))
	_, err := ws.WriteFile("link", []byte("new"))
	must(t, err)
	if data, err := os.ReadFile(name); err != nil || string(data) != "precious" {
		t.Errorf("outside: %q, %v", data, err)
	}
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	before := map[string]string{"dir/": "", "dir/x": "old", "file": "old", "loop": "-> loop"}
	ws := workspace(t, before)
	for _, name := range []string{"dir", "file/below", "loop", "dir/" + strings.Repeat("n", 300), "new/dir/" + strings.Repeat("n", 300), "dir/new/" + strings.Repeat("n", 300) + "/x"} {
		if _, err := ws.WriteFile(name, []byte("new")); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	if _, err := ws.WriteFile("file", make([]byte, runtime.MaxFileBytes+1)); !errors.Is(err, runtime.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if diff := cmp.Diff(before, tree(t, ws)); diff != "" {
		t.Error(diff)
	}
}

func TestReadFile(t *testing.T) {
	ws := workspace(t, map[string]string{"ten": "0123456789", "empty": "", "link": "-> ten"})
	for _, name := range []string{"ten", "link"} {
		if data, err := ws.ReadFile(name, 10); err != nil || string(data) != "0123456789" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if data, err := ws.ReadFile("empty", 0); err != nil || len(data) != 0 {
		t.Errorf("empty: %q, %v", data, err)
	}
	if _, err := ws.ReadFile("ten", 9); !errors.Is(err, runtime.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	_, err := ws.ReadFile("a/missing.txt", 10)
	if !errors.Is(err, runtime.ErrNotFound) || err.Error() != "file a/missing.txt not found" {
		t.Errorf("missing: %v", err)
	}
	if _, err := ws.ReadFile("a\nb\x1b", 10); err == nil || err.Error() != `file "a\nb\x1b" not found` {
		t.Errorf("missing, with control characters: %v", err)
	}
	if _, err := ws.ReadFile("ten/below", 10); err == nil {
		t.Error("below a file: no error")
	}
	big := bytes.Repeat([]byte("x"), 3<<20)
	_, err = ws.WriteFile("big", big)
	must(t, err)
	if data, err := ws.ReadFile("big", 4<<20); err != nil || !bytes.Equal(data, big) {
		t.Errorf("big: %d bytes, %v", len(data), err)
	}
}
