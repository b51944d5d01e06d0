package gitguard_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestSubmodulesComeFirst: no number of directories hides a repository that git
// enters by itself.
func TestSubmodulesComeFirst(t *testing.T) {
	run, ran := program(t)
	config := "[core]\n\tfsmonitor = " + run + "\n"
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	for i := range 4100 {
		must(t, os.Mkdir(fmt.Sprintf("%s/%d", dir, i), 0o755))
	}
	w := entered(t, dir)
	w.Leave() // reports the bound
	must(t, w.Enter(prepare(t, dir)))
	deep, deeper := dir+"/4/z/z", dir+"/4/z/z/lib/y/y"
	for _, at := range []string{deep, deeper} {
		git(t, dir, "init", "-q", at)
		git(t, at, "commit", "-q", "--allow-empty", "-m", "x")
	}
	git(t, deep, "add", "lib/y/y")
	git(t, deep, "commit", "-q", "-m", "x")
	git(t, dir, "add", "4/z/z")
	files(t, deep, map[string]string{".git/config": config})
	files(t, deeper, map[string]string{".git/config": config})
	text := strings.Join(w.Leave(), "\n")
	for _, at := range []string{deep, deeper} { // once more, where no watch is faster
		files(t, at, map[string]string{".git/config": config})
	}
	found := fmt.Sprint(suspects(t, dir))
	must(t, os.Remove(deep+"/.git/config"))
	must(t, os.Remove(deeper+"/.git/config"))
	for _, at := range []string{"4/z/z/.git/config", "4/z/z/lib/y/y/.git/config"} {
		if !strings.Contains(text, at+" was moved") || !strings.Contains(found, at) {
			t.Errorf("%s is not found: %s, %s", at, text, found)
		}
	}
	if git(t, dir, "status"); ran() {
		t.Error("git ran it")
	}
	git(t, dir, "update-index", "--split-index")
	if notices := again(t, w); len(notices) != 1 || !strings.Contains(notices[0], ".git/index cannot be read for all submodules") {
		t.Errorf("%q", notices)
	}
	if notices := again(t, w); len(notices) > 0 {
		t.Errorf("told again: %q", notices)
	}
	if found := suspects(t, dir); !strings.Contains(fmt.Sprint(found), ".git/index cannot be read") {
		t.Errorf("%v", found)
	}
}
