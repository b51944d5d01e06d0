package protect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/protect"
)

// tree makes files, and directories for names that end in a slash.
func tree(t *testing.T, names ...string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(at, 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(at, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		there string // files, separated by spaces
		path  string
		want  protect.Grade
	}{
		{"", "a.txt", protect.Free},
		{"", ".git/config", protect.Never},
		{"", "sub/.git", protect.Never},
		{"", ".hg/hgrc", protect.Never},
		{"", ".envrc", protect.Ask},
		{"", ".gitmodules", protect.Ask},
		{"srv.git/HEAD srv.git/objects/ srv.git/refs/", "srv.git/config", protect.Never},
		{"srv.git/HEAD srv.git/objects/ srv.git/refs/", "srv.git/hooks/pre-receive", protect.Never},
		{"srv.git/HEAD srv.git/objects/ srv.git/refs/", "srv.git/HEAD", protect.Never},
		{"srv.git/HEAD srv.git/objects/ srv.git/refs/", "srv.gitx", protect.Free},
		{"HEAD objects/ refs/", "a.txt", protect.Never},
		{"s/objects/ s/refs/", "s/HEAD", protect.Never},
		{"s/objects/ s/refs/", "s/head", protect.Never},
		{"s/objects/ s/refs/", "s/he\u200bad.", protect.Never},
		{"s/HEAD s/refs/", "s/objects/x", protect.Never},
		{"s/HEAD s/objects/", "s/refs/heads/main", protect.Never},
		{"s/HEAD", "s/commondir", protect.Never},
		{"s/commondir", "s/HEAD", protect.Never},
		{"s/HEAD s/commondir", "s/config", protect.Never},
		{"s/objects/", "s/HEAD", protect.Free},
		{"s/HEAD", "s/objects/a", protect.Free},
		{"HEAD objects refs", "objects/deep/x", protect.Never},
		{"file", "file/HEAD", protect.Free},
	} {
		root := tree(t, strings.Fields(c.there)...)
		got := protect.Of(root, c.path)
		if got.Grade != c.want || got.Path != strings.TrimPrefix(c.path, "./") || (got.Reason == "") != (c.want == protect.Free) {
			t.Errorf("%q with %q: %+v, want %q", c.path, c.there, got, c.want)
		}
	}
}

// A link to a part of a repository counts as the part, wherever it leads.
func TestJudgeCountsLinksAsParts(t *testing.T) {
	root := tree(t, "s/refs/")
	if err := root.Symlink("nowhere", "s/objects"); err != nil {
		t.Skip(err)
	}
	if got := protect.Of(root, "s/HEAD"); got.Grade != protect.Never {
		t.Errorf("%+v", got)
	}
	if err := root.Symlink("/", "out"); err != nil {
		t.Fatal(err)
	}
	if got := protect.Of(root, "out/x"); got.Grade != protect.Free { // a revert puts a directory there
		t.Errorf("%+v", got)
	}
}

// The target of a user's link in a .git counts as inside it too.
func TestJudgeFollowsLinksOutOfGit(t *testing.T) {
	root := tree(t, "sub/.git/", "sub/hooks/", "sub/tools/x")
	for name, target := range map[string]string{"sub/.git/hooks": "../hooks", "sub/.git/config": "../tools/gitconfig", "sub/.git/config.worktree": "/etc/passwd"} {
		if err := root.Symlink(target, name); err != nil {
			t.Skip(err)
		}
	}
	for path, want := range map[string]protect.Grade{
		"sub/hooks/pre-commit": protect.Never, "sub/hooks": protect.Never, "sub/tools/gitconfig": protect.Never,
		"sub/tools/x": protect.Free, "sub/hooksx": protect.Free, "hooks/x": protect.Free,
	} {
		if got := protect.Of(root, path); got.Grade != want {
			t.Errorf("%+v, want %q", got, want)
		}
	}
}

func TestPlannedChangesTogetherMakeARepository(t *testing.T) {
	parts := []string{"s/HEAD", "s/objects/a/b", "s/Refs/x"}
	for last := range parts {
		j := protect.New(tree(t))
		for i, p := range parts {
			if i != last {
				if got := j.Of(p); got.Grade != protect.Free {
					t.Errorf("%q: %+v", p, got)
				}
				j.Plan(p)
			}
		}
		if got := j.Of(parts[last]); got.Grade != protect.Never {
			t.Errorf("%q last: %+v", parts[last], got)
		}
	}
}
