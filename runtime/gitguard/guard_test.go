package gitguard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/gitguard"
)

// words are parts as "path", with a sign when they are read-only.
func words(g gitguard.Guard) (all []string) {
	for _, p := range g.Parts {
		sign := ""
		if p.ReadOnly {
			sign = " ro"
		}
		all = append(all, p.Path+sign)
	}
	return all
}

func TestParts(t *testing.T) {
	for name, c := range map[string]struct {
		texts map[string]string
		want  []string
	}{
		"none":         {map[string]string{"a": ""}, nil},
		"no directory": {map[string]string{".git": "gitdir: /elsewhere\n"}, []string{".git ro"}},
		"bare minimum": {map[string]string{".git/HEAD": "ref"}, []string{".git", ".git/hooks ro", ".git/config ro"}},
		"all": {
			map[string]string{
				".git/HEAD": "ref", ".git/config": "[extensions]\n\tworktreeConfig = true\n", ".git/commondir": ".", ".git/info/attributes": "",
				".git/worktrees/x/gitdir": "", ".git/modules/a/m/HEAD": "", ".git/modules/a/m/modules/n/config": "",
			},
			[]string{
				".git", ".git/modules", ".git/modules/a", ".git/modules/a/m", ".git/modules/a/m/modules", ".git/modules/a/m/modules/n",
				".git/hooks ro", ".git/config ro", ".git/config.worktree ro", ".git/commondir ro", ".git/worktrees ro", ".git/info", ".git/info/attributes ro",
				".git/modules/a/m/hooks ro", ".git/modules/a/m/config ro", ".git/modules/a/m/modules/n/hooks ro", ".git/modules/a/m/modules/n/config ro",
			},
		},
		"nested": {
			map[string]string{"a/.git/HEAD": "", "b/c/.git": "gitdir: ../x", "fix/bare/HEAD": "", "fix/bare/objects/x": "", "fix/bare/refs/x": "", "odd/HEAD": "", "odd/refs/x": ""},
			[]string{"a/.git", "a/.git/hooks ro", "a/.git/config ro", "b/c/.git ro", "fix/bare", "fix/bare/hooks ro", "fix/bare/config ro"},
		},
		"the workspace is bare": {map[string]string{"HEAD": "", "objects/x": "", "refs/x": ""}, []string{"hooks ro", "config ro"}},
		"deep modules": {
			map[string]string{".git/modules/1/2/3/4/5/6/7/HEAD": ""},
			[]string{".git", ".git/modules ro", ".git/hooks ro", ".git/config ro"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files(t, dir, c.texts)
			g := prepare(t, dir)
			if diff := cmp.Diff(c.want, words(g)); diff != "" || len(g.Notices) > 0 {
				t.Error(diff, g.Notices)
			}
			if again := prepare(t, dir); !g.Holds() || !slices.Equal(words(again), words(g)) {
				t.Error("it does not hold, though nothing has changed")
			}
		})
	}
}

func TestTooManyModules(t *testing.T) {
	dir := t.TempDir()
	for i := range 201 {
		files(t, dir, map[string]string{fmt.Sprintf(".git/modules/%d/HEAD", i): ""})
	}
	g := prepare(t, dir)
	if diff := cmp.Diff([]string{".git", ".git/modules ro", ".git/hooks ro", ".git/config ro"}, words(g)); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(dir + "/.git/modules/0/hooks"); err == nil {
		t.Error("hooks were made in what is not guarded one by one")
	}
}

// TestLinks: a link of a command is refused in the workspace's own repository,
// reported in a nested one, and never followed.
func TestLinks(t *testing.T) {
	for _, at := range []string{".git", ".git/hooks", ".git/config", ".git/modules", ".git/info", ".git/worktrees"} {
		for _, below := range []string{"", "sub"} {
			dir, outside := t.TempDir(), t.TempDir()
			if at != ".git" {
				files(t, dir, map[string]string{filepath.Join(below, ".git/HEAD"): ""})
			} else if below != "" {
				must(t, os.Mkdir(dir+"/sub", 0o755))
			}
			files(t, outside, map[string]string{"HEAD": "", "modules/x/HEAD": ""})
			must(t, os.Symlink(outside, filepath.Join(dir, below, at)))
			g, err := gitguard.Prepare(dir, gitguard.Options{})
			said := fmt.Sprint(err)
			if below != "" {
				must(t, err)
				said = strings.Join(g.Notices, "\n")
			}
			if !strings.Contains(said, filepath.Join(below, at)+" is a symbolic link") {
				t.Errorf("%s in %q: %s", at, below, said)
			}
			var found []string
			for _, pattern := range []string{"/*", "/modules/x/*"} {
				names, _ := filepath.Glob(outside + pattern)
				found = append(found, names...)
			}
			if len(found) != 3 {
				t.Errorf("%s: outside are %q", at, found)
			}
		}
	}
}

func TestHolds(t *testing.T) {
	for name, c := range map[string]struct {
		change func(dir string) error
		holds  bool
	}{
		"git's own work":      {func(dir string) error { return os.WriteFile(dir+"/.git/index", nil, 0o644) }, true},
		"config replaced":     {func(dir string) error { return replaced(dir + "/.git/config") }, false},
		"config written":      {func(dir string) error { return os.WriteFile(dir+"/.git/config", []byte("[a]\n"), 0o644) }, false},
		"a hook":              {func(dir string) error { return os.WriteFile(dir+"/.git/hooks/x", nil, 0o755) }, false},
		"commondir":           {func(dir string) error { return os.WriteFile(dir+"/.git/commondir", nil, 0o644) }, false},
		".git gone":           {func(dir string) error { return os.Rename(dir+"/.git", dir+"/x") }, false},
		"nested: config":      {func(dir string) error { return replaced(dir + "/sub/.git/config") }, false},
		"nested: moved":       {func(dir string) error { return os.Rename(dir+"/sub", dir+"/x") }, false},
		"a link to the same":  {func(dir string) error { return linked(dir + "/.git") }, false},
		"another nested repo": {func(dir string) error { return os.MkdirAll(dir+"/new/.git", 0o755) }, true},
	} {
		dir := t.TempDir()
		files(t, dir, map[string]string{".git/HEAD": "ref", "sub/.git/HEAD": "ref"})
		g := prepare(t, dir)
		must(t, c.change(dir))
		if g.Holds() != c.holds {
			t.Errorf("%s: holds %t", name, g.Holds())
		}
	}
}

func replaced(name string) error {
	if err := os.WriteFile(name+".lock", nil, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".lock", name)
}

func linked(name string) error {
	if err := os.Rename(name, name+"2"); err != nil {
		return err
	}
	return os.Symlink(name+"2", name)
}

// TestHardLinks: a mount guards a name, and a file can have two.
func TestHardLinks(t *testing.T) {
	dir := t.TempDir()
	files(t, dir, map[string]string{".git/HEAD": "ref", "config": "[core]\n", "*hook": "#!/bin/sh\n", ".git/hooks/README": "", "sub/x": "gitdir: ../.git\n"})
	for from, to := range map[string]string{"config": ".git/config", "hook": ".git/hooks/update", "sub/x": "sub/.git"} {
		must(t, os.Link(filepath.Join(dir, from), filepath.Join(dir, to)))
	}
	g := prepare(t, dir)
	files(t, dir, map[string]string{"config": "evil", "*hook": "evil", "sub/x": "evil"})
	for _, name := range []string{".git/config", ".git/hooks/update", "sub/.git"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) == "evil" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if info, _ := os.Stat(dir + "/.git/hooks/update"); info.Mode().Perm() != 0o755 {
		t.Errorf("the hook's mode is %v", info.Mode())
	}
	if !g.Holds() {
		t.Error("it does not hold")
	}
}

// TestSearchIsBounded: the nearest directories come first, and the rest is
// reported.
func TestSearchIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 2100 {
		must(t, os.MkdirAll(fmt.Sprintf("%s/a/%d", dir, i), 0o755))
	}
	files(t, dir, map[string]string{"node_modules/.git/HEAD": "", "z/.git/HEAD": "", "a/x/y/.git/HEAD": ""})
	g := prepare(t, dir)
	if parts := words(g); !slices.Contains(parts, "z/.git") || slices.Contains(parts, "a/x/y/.git") {
		t.Errorf("%q", parts)
	}
	if len(g.Notices) != 1 || !strings.Contains(g.Notices[0], "1000 directories") {
		t.Errorf("%q", g.Notices)
	}
	for i := range 60 {
		files(t, dir, map[string]string{fmt.Sprintf("m%d/.git/HEAD", i): ""})
	}
	if g := prepare(t, dir); len(g.Notices) != 2 || !strings.Contains(g.Notices[1], "only 50 repositories") {
		t.Errorf("%q", g.Notices)
	}
}
