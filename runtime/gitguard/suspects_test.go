package gitguard_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/gitguard"
)

func suspects(t testing.TB, dir string) []gitguard.Suspect {
	t.Helper()
	found, err := gitguard.Suspects(dir)
	must(t, err)
	return found
}

func TestSuspects(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	git(t, dir, "init", "-q", "tidy")
	git(t, dir, "init", "-q", "--bare", "tidy.git")
	files(t, dir, map[string]string{"*old/.git/hooks/update": "x", "old/.git/hooks/README": "x"})
	before := suspects(t, dir)
	evil := "[core]\n\tfsmonitor = ./evil\n"
	files(t, dir, map[string]string{
		"*old/.git/hooks/update":   "y",
		"sub/.git/config":          evil,
		"bare/HEAD":                "ref",
		"bare/objects/x":           "",
		"bare/refs/x":              "",
		"bare/config":              "[alias]\n\tst = !evil\n",
		"node_modules/p/.git/HEAD": "ref",
		"*node_modules/p/.git/hooks/post-checkout": "",
		"hidden/.git":                            "gitdir: ../.git/objects/evil\n",
		".git/objects/evil/config":               evil,
		"proc/.git":                              "gitdir: /proc/self/cwd/x\n",
		"round/.git":                             "gitdir: ../link/../x\n",
		"far/.git":                               "gitdir: /no/such/place\n",
		"other/x":                                "",
		"wt/.git/commondir":                      "../../sub/.git",
		".git/modules/m/config":                  evil + "\tworktree = ../../../m\n",
		"bare/objects/deep/.git/HEAD":            "",
		"bare/objects/deep/.git/config.worktree": "[pager]\n\tlog = evil\n",
	})
	must(t, os.Symlink("../sub/.git", dir+"/other/.git"))
	var got []string
	for _, s := range gitguard.New(before, suspects(t, dir)) {
		got = append(got, s.Path+" "+s.What)
		if !strings.Contains(s.String(), "remove it") {
			t.Errorf("no cure: %s", s)
		}
	}
	slices.Sort(got)
	want := []string{
		`.git/modules/m/config sets "core.fsmonitor"`,
		`.git/objects/evil/config sets "core.fsmonitor"`,
		`bare/config sets "alias.st"`,
		`bare/objects/deep/.git/config.worktree sets "pager.log"`,
		"node_modules/p/.git/hooks/post-checkout is a hook",
		"old/.git/hooks/update is a hook",
		`proc/.git leads to "/proc/self/cwd/x"`,
		`round/.git leads to "../link/../x"`,
		`sub/.git/config sets "core.fsmonitor"`,
		"wt/.git/commondir has git take configuration and hooks from elsewhere",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if again := gitguard.New(suspects(t, dir), suspects(t, dir)); len(again) > 0 {
		t.Errorf("new without a change: %v", again)
	}
}

// TestSuspectsOfSubmodules: a submodule as git makes it has no Suspect.
func TestSuspectsOfSubmodules(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q", "lib")
	git(t, filepath.Join(dir, "lib"), "commit", "-q", "--allow-empty", "-m", "x")
	git(t, dir, "init", "-q", "top")
	top := filepath.Join(dir, "top")
	git(t, top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib", "lib")
	git(t, top, "commit", "-q", "-m", "x")
	git(t, top, "worktree", "add", "-q", "tree")
	if _, err := os.Stat(top + "/.git/modules/lib/config"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(top + "/tree/.git"); err != nil {
		t.Fatal(err)
	}
	if found := suspects(t, dir); len(found) > 1 || len(found) == 1 && !strings.HasSuffix(found[0].Path, "worktrees/tree/commondir") {
		t.Errorf("%v", found)
	}
}
