package runtime_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestCopy(t *testing.T) {
	project := map[string]string{
		"p/a.txt": "a\nb\n", "p/sub/b": "x", "p/empty/": "", "p/sub/up": "-> ../a.txt", "p/-n\new": "odd",
		"one": "1\n", "link": "-> one", "plink": "-> p",
	}
	for name, c := range map[string]struct {
		src, dest string
		there     map[string]string // in the destination before
		want      map[string]string // in the destination afterwards, besides
		files     []runtime.CopiedFile
	}{
		"file": {
			src: "one", dest: "one", want: map[string]string{"one": "1\n"},
			files: []runtime.CopiedFile{{Path: "one", Bytes: 2, Change: "added", Added: 1}},
		},
		"file to new directories": {
			src: "one", dest: "x/y/z", want: map[string]string{"x/": "", "x/y/": "", "x/y/z": "1\n"},
			files: []runtime.CopiedFile{{Path: "x/y/z", Bytes: 2, Change: "added", Added: 1}},
		},
		"file over file": {
			src: "one", dest: "two", there: map[string]string{"two": "2\n3\n"}, want: map[string]string{"two": "1\n"},
			files: []runtime.CopiedFile{{Path: "two", Bytes: 2, Change: "modified", Added: 1, Removed: 2}},
		},
		"named link is followed": {
			src: "link", dest: "link", want: map[string]string{"link": "1\n"},
			files: []runtime.CopiedFile{{Path: "link", Bytes: 2, Change: "added", Added: 1}},
		},
		"directory": {
			src: "p", dest: "q",
			want: map[string]string{"q/": "", "q/a.txt": "a\nb\n", "q/sub/": "", "q/sub/b": "x", "q/empty/": "", "q/sub/up": "-> ../a.txt", "q/-n\new": "odd"},
			files: []runtime.CopiedFile{
				{Path: "q/-n\new", Bytes: 3, Change: "added", Added: 1},
				{Path: "q/a.txt", Bytes: 4, Change: "added", Added: 2},
				{Path: "q/sub/b", Bytes: 1, Change: "added", Added: 1},
				{Path: "q/sub/up", Change: "added"},
			},
		},
		"directory is merged": {
			src: "plink/", dest: ".",
			there: map[string]string{"a.txt": "b\n", "keep": "k", "sub/keep": "k", "sub/up": "-> elsewhere"},
			want:  map[string]string{"a.txt": "a\nb\n", "keep": "k", "sub/": "", "sub/keep": "k", "sub/b": "x", "sub/up": "-> ../a.txt", "empty/": "", "-n\new": "odd"},
			files: []runtime.CopiedFile{
				{Path: "-n\new", Bytes: 3, Change: "added", Added: 1},
				{Path: "a.txt", Bytes: 4, Change: "modified", Added: 1},
				{Path: "sub/b", Bytes: 1, Change: "added", Added: 1},
				{Path: "sub/up", Change: "modified"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			src, dst := workspace(t, project), workspace(t, c.there)
			report, err := src.CopyTo(t.Context(), dst, c.src, c.dest, runtime.CopyOptions{})
			must(t, err)
			if diff := cmp.Diff(c.want, tree(t, dst)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(runtime.CopyReport{Files: c.files}, report); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCopySkipsWhatIsUnsafeAndSaysSo(t *testing.T) {
	src := workspace(t, map[string]string{
		"d/ok": "ok", "d/abs": "-> /etc/passwd", "d/out": "-> ../../x", "d/sneaky": "-> here/../../x", "d/here": "-> .",
		"d/inside": "-> ../other", "d/.git/config": "evil", "d/suid": "s", "d/deep/up": "-> ../../other",
	})
	must(t, os.Chmod(filepath.Join(src.Dir(), "d/suid"), 0o755|os.ModeSetuid))
	dst := workspace(t, nil)
	report, err := src.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{Unguarded: true, Skip: func(from, to string) string {
		if from != to {
			t.Errorf("asked for %q to %q", from, to)
		}
		if filepath.Base(from) == ".git" {
			return "unwanted"
		}
		return ""
	}})
	must(t, err)
	const leads = "link that is absolute or leads out of the workspace"
	want := []runtime.Skipped{
		{Path: "d/.git", Reason: "unwanted"},
		{Path: "d/abs", Reason: leads},
		{Path: "d/out", Reason: leads},
		{Path: "d/sneaky", Reason: leads},
		{Path: "d/suid", Reason: "setuid or setgid file"},
	}
	if diff := cmp.Diff(want, report.Skipped); diff != "" {
		t.Error(diff)
	}
	left := map[string]string{"d/": "", "d/ok": "ok", "d/here": "-> .", "d/inside": "-> ../other", "d/deep/": "", "d/deep/up": "-> ../../other"}
	if diff := cmp.Diff(left, tree(t, dst)); diff != "" {
		t.Error(diff)
	}
	// One directory higher the same links lead out.
	higher := workspace(t, nil)
	report, err = src.CopyTo(t.Context(), higher, "d", ".", runtime.CopyOptions{Unguarded: true})
	must(t, err)
	if _, err := os.Lstat(filepath.Join(higher.Dir(), "inside")); err == nil {
		t.Error("a link out of the destination was copied")
	}
	if len(report.Skipped) != 6 {
		t.Errorf("skipped %v", report.Skipped)
	}
}

func TestCopyOfSomethingSkippedCopiesNothing(t *testing.T) {
	src, dst := workspace(t, map[string]string{"d/x": "x"}), workspace(t, nil)
	report, err := src.CopyTo(t.Context(), dst, "d", "a/b", runtime.CopyOptions{Skip: func(_, _ string) string { return "no" }})
	must(t, err)
	if diff := cmp.Diff(runtime.CopyReport{Skipped: []runtime.Skipped{{Path: "d", Reason: "no"}}}, report); diff != "" {
		t.Error(diff)
	}
	if got := tree(t, dst); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

func TestCopyKeepsPermissionBits(t *testing.T) {
	src, dst := workspace(t, map[string]string{"d/run": "x", "d/deep/locked/x": "x"}), workspace(t, map[string]string{"merged/": ""})
	for name, mode := range map[string]os.FileMode{"d/run": 0o755, "d/deep/locked": 0o500, "d/deep": 0o755 | os.ModeSticky, "d": 0o750 | os.ModeSetgid} {
		must(t, os.Chmod(filepath.Join(src.Dir(), name), mode))
	}
	for _, dest := range []string{"new", "merged"} {
		_, err := src.CopyTo(t.Context(), dst, "d", dest, runtime.CopyOptions{})
		must(t, err)
		for name, want := range map[string]os.FileMode{"run": 0o755, "deep/locked": 0o500 | os.ModeDir, "deep": 0o755 | os.ModeDir} {
			info, err := os.Lstat(filepath.Join(dst.Dir(), dest, name))
			must(t, err)
			if info.Mode() != want {
				t.Errorf("%s/%s: %v, want %v", dest, name, info.Mode(), want)
			}
		}
	}
}

func TestFailedCopyLeavesTheDestinationAsItWas(t *testing.T) {
	there := map[string]string{"d/": "", "d/a": "old", "d/m/": "", "d/m/x": "old", "d/z/": "", "d/z/in the way": "x"}
	files := map[string]string{"d/a": "new", "d/b": "new", "d/m/x": "new", "d/m/y/z": "new", "d/z": "a file where a directory is", "loop": "-> loop"}
	ended, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	cancel(stop)
	for name, c := range map[string]struct {
		src, dest string
		ctx       context.Context
		opts      runtime.CopyOptions
		want      error // nil: an *InvalidError
	}{
		"conflict at the end": {src: "d", dest: "d"},
		"file on directory":   {src: "d/a", dest: "d"},
		"directory on file":   {src: "d", dest: "d/a"},
		"too many files":      {src: "d", dest: "new/n", opts: runtime.CopyOptions{MaxFiles: 3}, want: runtime.ErrTooLarge},
		"too many bytes":      {src: "d", dest: "new/n", opts: runtime.CopyOptions{MaxBytes: 10}, want: runtime.ErrTooLarge},
		"missing":             {src: "nope", dest: "new/n", want: runtime.ErrNotFound},
		"cancelled":           {src: "d", dest: "new/n", ctx: ended, want: stop},
		"link loop":           {src: "loop", dest: "new/n"},
	} {
		t.Run(name, func(t *testing.T) {
			src, dst := workspace(t, files), workspace(t, there)
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			_, err := src.CopyTo(c.ctx, dst, c.src, c.dest, c.opts)
			var invalid *runtime.InvalidError
			if c.want == nil && !errors.As(err, &invalid) || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(there, tree(t, dst)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCopyWithinOneWorkspace(t *testing.T) {
	ws := workspace(t, map[string]string{"d/x": "x", "dd/": ""})
	_, err := ws.CopyTo(t.Context(), ws, "d", "dd/copy", runtime.CopyOptions{})
	must(t, err)
	for _, dest := range []string{"d", "d/inner", "."} {
		var invalid *runtime.InvalidError
		if _, err := ws.CopyTo(t.Context(), ws, "d", dest, runtime.CopyOptions{}); !errors.As(err, &invalid) {
			t.Errorf("into %s: %v", dest, err)
		}
	}
	want := map[string]string{"d/": "", "d/x": "x", "dd/": "", "dd/copy/": "", "dd/copy/x": "x"}
	if diff := cmp.Diff(want, tree(t, ws)); diff != "" {
		t.Error(diff)
	}
}

func TestCopyHashesAndCopiesHardLinksAsFiles(t *testing.T) {
	src, dst := workspace(t, map[string]string{"d/x": "abc"}), workspace(t, nil)
	must(t, os.Link(filepath.Join(src.Dir(), "d/x"), filepath.Join(src.Dir(), "d/y")))
	report, err := src.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{Hash: true})
	must(t, err)
	for _, f := range report.Files {
		if f.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
			t.Errorf("%+v", f)
		}
	}
	_, err = dst.WriteFile("d/y", []byte("changed"))
	must(t, err)
	if data, err := dst.ReadFile("d/x", 10); err != nil || string(data) != "abc" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestCopyOfOurOwnTemporaryFilesIsLeftOut, and reported: a file of another
// program can have such a name.
func TestCopyOfOurOwnTemporaryFilesIsLeftOut(t *testing.T) {
	temp := ".pygent-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	src, dst := workspace(t, map[string]string{"d/.pygent-notes": "mine", "d/" + temp: "x"}), workspace(t, nil)
	report, err := src.CopyTo(t.Context(), dst, ".", ".", runtime.CopyOptions{})
	must(t, err)
	skipped := []runtime.Skipped{{Path: "d/" + temp, Reason: "temporary file of a write or copy under way"}}
	if diff := cmp.Diff(skipped, report.Skipped); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{"d/": "", "d/.pygent-notes": "mine"}
	if diff := cmp.Diff(want, tree(t, dst)); diff != "" {
		t.Error(diff)
	}
}

func TestCopyIntoLinkedDirectoryStaysInside(t *testing.T) {
	src := workspace(t, map[string]string{"d/x": "x"})
	before := map[string]string{"real/": "", "in": "-> real", "out": "-> " + filepath.Dir(outsideFile(t))}
	dst := workspace(t, before)
	if _, err := src.CopyTo(t.Context(), dst, "d", "out/d", runtime.CopyOptions{}); !errors.Is(err, runtime.ErrOutside) {
		t.Errorf("out: %v", err)
	}
	_, err := src.CopyTo(t.Context(), dst, "d", "in/d", runtime.CopyOptions{})
	must(t, err)
	want := maps.Clone(before)
	want["real/d/"], want["real/d/x"] = "", "x"
	if diff := cmp.Diff(want, tree(t, dst)); diff != "" {
		t.Error(diff)
	}
}

func TestCopyOfManyFilesIsRefusedAtTheCap(t *testing.T) {
	files := map[string]string{}
	for i := range 50 {
		files["d/"+strings.Repeat("x", i+1)] = ""
	}
	src, dst := workspace(t, files), workspace(t, nil)
	if _, err := src.CopyTo(t.Context(), dst, "d", "d", runtime.CopyOptions{MaxFiles: 51}); err != nil {
		t.Errorf("at the cap: %v", err)
	}
	if _, err := src.CopyTo(t.Context(), dst, "d", "e", runtime.CopyOptions{MaxFiles: 50}); !errors.Is(err, runtime.ErrTooLarge) {
		t.Errorf("over it: %v", err)
	}
}
