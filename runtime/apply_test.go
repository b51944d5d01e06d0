package runtime_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func look(t *testing.T, ws *runtime.Workspace, name string) *runtime.Look {
	t.Helper()
	l, err := ws.Look(name)
	must(t, err)
	return l
}

func TestApply(t *testing.T) {
	ws := workspace(t, map[string]string{"a": "1\n2\n", "dir/b": "b\n", "link": "-> dir/b", "gone": "x\ny\n", "from": "f\n", "same": "s\n", "keep": "k"})
	must(t, os.Chmod(filepath.Join(ws.Dir(), "from"), 0o750))
	exec := fs.FileMode(0o755)
	got, err := ws.Apply([]runtime.Edit{
		{Path: "./a", Content: "1\ntwo\n", Seen: look(t, ws, "a")},
		{Path: "link", Content: "B\n"},
		{Path: "new/deep/c", Content: "c\n", New: true, Mode: &exec},
		{Path: "gone", Delete: true},
		{Path: "from", MoveTo: "new/to", Content: "f\ng\n", Seen: look(t, ws, "from")},
		{Path: "same", MoveTo: "at", Content: "s\n", Seen: look(t, ws, "same")},
	})
	must(t, err)
	want := []runtime.Change{
		{Path: "a", Change: "modified", Added: 1, Removed: 1},
		{Path: "link", Change: "modified", Added: 1, Removed: 1},
		{Path: "new/deep/c", Change: "added", Added: 1},
		{Path: "gone", Change: "deleted", Removed: 2},
		{Path: "from", Change: "deleted", Removed: 1},
		{Path: "new/to", Change: "added", Added: 2},
		{Path: "at", From: "same", Change: "renamed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	files := map[string]string{
		"a": "1\ntwo\n", "dir/": "", "dir/b": "B\n", "link": "-> dir/b", "keep": "k", "at": "s\n",
		"new/": "", "new/deep/": "", "new/deep/c": "c\n", "new/to": "f\ng\n",
	}
	if diff := cmp.Diff(files, tree(t, ws)); diff != "" {
		t.Error(diff)
	}
	for name, mode := range map[string]fs.FileMode{"new/deep/c": 0o755, "new/to": 0o750} {
		if info, err := os.Stat(filepath.Join(ws.Dir(), name)); err != nil || goruntime.GOOS != "windows" && info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestApplyAllOrNone: the first edits of each list could be made.
func TestApplyAllOrNone(t *testing.T) {
	rel := "-> " + filepath.ToSlash("../../outside")
	files := map[string]string{"a": "a", "b": "b", "dir/x": "x", ".git/config": "mine", "out": rel, "abs": "-> /etc/passwd", "file": "f", "la": "-> a"}
	for name, tt := range map[string]struct {
		last runtime.Edit
		want error // nil: an *InvalidError
	}{
		"missing to delete":  {runtime.Edit{Path: "none", Delete: true}, runtime.ErrNotFound},
		"missing to move":    {runtime.Edit{Path: "no/ne", MoveTo: "n2"}, runtime.ErrNotFound},
		"move onto a file":   {runtime.Edit{Path: "dir/x", MoveTo: "b"}, runtime.ErrExists},
		"add onto a file":    {runtime.Edit{Path: "b", New: true}, runtime.ErrExists},
		"add onto a dir":     {runtime.Edit{Path: "dir", New: true}, runtime.ErrExists},
		"write onto a dir":   {runtime.Edit{Path: "dir"}, nil},
		"below a file":       {runtime.Edit{Path: "file/x", New: true}, nil},
		"repository":         {runtime.Edit{Path: ".git/config"}, runtime.ErrProtected},
		"hooks":              {runtime.Edit{Path: "b", MoveTo: ".git/hooks/post-commit"}, runtime.ErrProtected},
		"envrc":              {runtime.Edit{Path: ".envrc", New: true}, runtime.ErrProtected},
		"leads out":          {runtime.Edit{Path: "../x", New: true}, runtime.ErrOutside},
		"absolute":           {runtime.Edit{Path: "/tmp/x", New: true}, runtime.ErrOutside},
		"moves out":          {runtime.Edit{Path: "b", MoveTo: "../x"}, runtime.ErrOutside},
		"link out":           {runtime.Edit{Path: "out"}, runtime.ErrOutside},
		"absolute link":      {runtime.Edit{Path: "abs", Delete: true}, runtime.ErrOutside},
		"twice":              {runtime.Edit{Path: "./a"}, nil},
		"twice by a link":    {runtime.Edit{Path: "la"}, nil},
		"onto a moved one":   {runtime.Edit{Path: "b", MoveTo: "new/n"}, nil},
		"below one of these": {runtime.Edit{Path: "new/n/x", New: true}, nil},
		"too large":          {runtime.Edit{Path: "b", Content: strings.Repeat("x", runtime.MaxFileBytes+1)}, runtime.ErrTooLarge},
		"empty":              {runtime.Edit{Path: ""}, nil},
		"name too long":      {runtime.Edit{Path: "d2/" + strings.Repeat("n", 300), New: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ws := workspace(t, files)
			before := tree(t, ws)
			_, err := ws.Apply([]runtime.Edit{
				{Path: "a", Content: "changed"}, {Path: "new/n", Content: "made", New: true}, tt.last,
			})
			var invalid *runtime.InvalidError
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && !errors.As(err, &invalid) {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(before, tree(t, ws)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestApplyTwoFilesThatMakeARepository(t *testing.T) {
	ws := workspace(t, map[string]string{"r/objects/": "", "r/refs/": ""})
	before := tree(t, ws)
	_, err := ws.Apply([]runtime.Edit{{Path: "x/HEAD", New: true}, {Path: "x/objects/o", New: true}, {Path: "x/refs/r", New: true}, {Path: "x/config", New: true}})
	if !errors.Is(err, runtime.ErrProtected) {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, tree(t, ws)); diff != "" {
		t.Error(diff)
	}
}

func TestApplyRefusesWhatChangedMeanwhile(t *testing.T) {
	for name, change := range map[string]func(dir string) error{
		"content":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "b"), []byte("other"), 0o644) },
		"replaced": func(dir string) error { return os.Rename(filepath.Join(dir, "c"), filepath.Join(dir, "b")) },
		"gone":     func(dir string) error { return os.Remove(filepath.Join(dir, "b")) },
		"a link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "b")), os.Symlink("c", filepath.Join(dir, "b")))
		},
		"a directory": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "b")), os.Mkdir(filepath.Join(dir, "b"), 0o755))
		},
	} {
		ws := workspace(t, map[string]string{"a": "a", "b": "b", "c": "b"})
		seen := look(t, ws, "b")
		must(t, change(ws.Dir()))
		before := tree(t, ws)
		_, err := ws.Apply([]runtime.Edit{{Path: "a", Content: "A"}, {Path: "b", Content: "B", Seen: seen}})
		if err == nil {
			t.Errorf("%s: it was written", name)
		}
		if diff := cmp.Diff(before, tree(t, ws)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestApplyWritesAllowedPaths(t *testing.T) {
	ws := workspace(t, nil)
	got, err := ws.Apply([]runtime.Edit{{Path: ".envrc", Content: "x\n", New: true}, {Path: "y", New: true}}, ".envrc")
	must(t, err)
	if !got[0].Protected || got[1].Protected {
		t.Errorf("%+v", got)
	}
}

func TestApplyUndoesWhatItBegan(t *testing.T) {
	if os.Geteuid() == 0 && goruntime.GOOS != "linux" {
		t.Skip("root can do everything here")
	}
	files := map[string]string{"a": "a", "d/b": "b", "z": "z"}
	ws := workspace(t, files)
	// The directory of the last file cannot be made: its name is too long only
	// when it is made.
	before := tree(t, ws)
	_, err := ws.Apply([]runtime.Edit{
		{Path: "a", Content: "A"},
		{Path: "d/b", MoveTo: "new/b", Content: "B"},
		{Path: "z", Delete: true},
		{Path: strings.Repeat("n", 300) + "/x", New: true},
	})
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(before, tree(t, ws)); diff != "" {
		t.Error(diff)
	}
}
