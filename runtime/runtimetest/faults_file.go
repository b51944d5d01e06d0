package runtimetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// fileFaults are the faults that paths and trees cause in the tools for files.
var fileFaults = []fault{
	{`file tool paths: "", ".", "..", absolute, a/../../x, NUL, 5,000 characters, "~", "C:\\x", trailing "/" on a link`, func(t *testing.T, s *server) {
		outside := outsideFile(t)
		dir := s.rt.Workspace().Dir()
		bash(t, s.rt, "mkdir dir; ln -s dir link")
		if err := os.Symlink(filepath.Dir(outside), filepath.Join(dir, "out")); err != nil { // links that commands make do not lead out of every container
			t.Fatal(err)
		}
		for _, name := range []string{
			"", ".", "..", "../x", outside, "a/../../x", "a\x00b", strings.Repeat("x", 5000), "~", "~/x", `C:\x`, "link/", "link", "dir/", "out/", "out/file",
		} {
			_, _, writeErr := s.rt.WriteFile(name, "owned")
			_, _, _, readErr := s.rt.ReadFile(name, false)
			for _, err := range []error{writeErr, readErr} {
				var invalid *runtime.InvalidError
				if !errors.Is(err, runtime.ErrOutside) && !errors.As(err, &invalid) {
					t.Errorf("%.20q: %v", name, err)
				}
			}
		}
		wantUntouched(t, outside)
		if err := os.Remove(filepath.Join(dir, "out")); err != nil {
			t.Fatal(err)
		}
		bash(t, s.rt, "rm -rf dir link")
	}},
	{"hard link in the workspace to an outside file, then write", func(t *testing.T, s *server) {
		outside := outsideFile(t)
		inside := filepath.Join(s.rt.Workspace().Dir(), "hard")
		if err := os.Link(outside, inside); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.rt.WriteFile("hard", "edited"); err != nil {
			t.Error(err)
		}
		wantText(t, s.rt, "cat hard; rm hard", "edited")
		wantUntouched(t, outside)
	}},
	{"protected paths, by name, by a link of a command's, and by a repository that a command has begun", func(t *testing.T, s *server) {
		bash(t, s.rt, "mkdir -p half/objects p && echo x >half/HEAD && ln -s .git way && echo x >p/.envrc && ln -s .envrc p/env")
		never := []string{".git/config", ".git/hooks/pre-commit", "new/.GIT/config", "way/hooks/pre-commit", "half/refs/x", "half/commondir"}
		for _, name := range never {
			if _, _, err := s.rt.WriteFile(name, "owned", name, "."); !errors.Is(err, runtime.ErrProtected) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, name := range []string{"p/env", "p/.envrc", ".vscode/tasks.json"} {
			if _, _, err := s.rt.WriteFile(name, "owned", "else"); !errors.Is(err, runtime.ErrProtected) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := s.rt.WriteFile("p/env", "mine", "p/.envrc"); err != nil {
			t.Error(err)
		}
		wantText(t, s.rt, "cat p/.envrc; rm -rf half p way", "mine")
	}},
	{"tree copy with absolute or outside links, loops, names with newline or leading -", func(t *testing.T, s *server) {
		bash(t, s.rt, `mkdir -p t/sub && cd t && echo x >sub/file && echo n >'a
b' && echo d >-rf && ln -s sub/file good && ln -s loop loop && ln -s .. sub/up && ln -s /etc/passwd abs && ln -s ../../../../etc/passwd out && mkfifo pipe`)
		to, err := runtime.TempWorkspace()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = to.Close() }()
		if _, err := s.rt.Workspace().CopyTo(t.Context(), to, "t", "t", runtime.CopyOptions{}); err != nil {
			t.Error(err)
		}
		var got []string
		err = filepath.WalkDir(to.Dir()+"/t", func(name string, d fs.DirEntry, err error) error {
			if target, readErr := os.Readlink(name); readErr == nil {
				name += " -> " + target
			}
			got = append(got, strings.TrimPrefix(name, to.Dir()+"/"))
			return err
		})
		want := []string{"t", "t/-rf", "t/a\nb", "t/good -> sub/file", "t/loop -> loop", "t/sub", "t/sub/file", "t/sub/up -> .."}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		bash(t, s.rt, "rm -rf t")
	}},
}

// outsideFile makes a file outside all workspaces.
func outsideFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func wantUntouched(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil || string(data) != "outside" {
		t.Errorf("the file outside: %q, %v", data, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(name)); err != nil || len(entries) != 1 {
		t.Errorf("beside the file outside: %v, %v", entries, err)
	}
}
