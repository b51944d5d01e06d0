package gitguard_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestReadable runs as an ordinary user, because root can list every directory.
func TestReadable(t *testing.T) {
	if os.Getuid() == 0 {
		runtimetest.Again(t, runtimetest.As{UID: runtimetest.OrdinaryUser, Run: "^TestReadable$"})
		return
	}
	for _, hidden := range []string{"p", "p/q", "p/q/.git", "p/q/.git/hooks"} {
		dir := t.TempDir()
		w := entered(t, dir)
		files(t, dir, map[string]string{"p/q/.git/HEAD": "ref: x\n", "*p/q/.git/hooks/post-checkout": "x", "p/q/.git/config": evil})
		must(t, os.Chmod(dir+"/"+hidden, 0o311))
		text := strings.Join(w.Leave(), "\n")
		moved, _ := filepath.Glob(dir + "/p/q/.git/hooks.moved-*")
		for _, at := range moved {
			must(t, os.Chmod(at, 0o755)) // to be removed
		}
		for _, said := range []string{`sets "core.fsmonitor"`, "p/q/.git/hooks"} {
			if !strings.Contains(text, said) {
				t.Errorf("%s: %q is not said: %s", hidden, said, text)
			}
		}
		if strings.Contains(text, hidden+" could be entered but not listed") == strings.HasSuffix(hidden, "hooks") {
			t.Errorf("%s: %s", hidden, text)
		}
		if found := suspects(t, dir); len(found) > 0 {
			t.Errorf("%s: %v stays", hidden, found)
		}
		if notices := again(t, w); len(notices) > 0 {
			t.Errorf("%s: told again: %q", hidden, notices)
		}
	}
	// A directory that cannot be entered either hides nothing.
	dir := t.TempDir()
	must(t, os.Mkdir(dir+"/p", 0))
	if notices := entered(t, dir).Leave(); len(notices) > 0 {
		t.Errorf("%q", notices)
	}
	if info, err := os.Stat(dir + "/p"); err != nil || info.Mode().Perm() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}
