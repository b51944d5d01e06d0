package gitguard_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// git runs the host's git in a directory, without the user's settings, and
// returns its output, which also shows a failure.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("git %v: %v: %s", args, err, out)
	}
	return string(out)
}

// files writes what it is given, programs for names that begin with "*".
func files(t testing.TB, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		mode := os.FileMode(0o644)
		if name[0] == '*' {
			name, mode = name[1:], 0o755
		}
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func prepare(t testing.TB, dir string) gitguard.Guard {
	t.Helper()
	g, err := gitguard.Prepare(dir, gitguard.Options{})
	must(t, err)
	return g
}

// guard is prepare with placeholders, which go with the test.
func guard(t testing.TB, dir string) *gitguard.Guard {
	t.Helper()
	g, err := gitguard.Prepare(dir, gitguard.Options{Placeholders: true})
	must(t, err)
	t.Cleanup(func() { g.Release() })
	return &g
}

// entered is a watch while a command runs.
func entered(t testing.TB, dir string) *gitguard.Watch {
	t.Helper()
	w := gitguard.NewWatch(dir, false)
	must(t, w.Enter(gitguard.Guard{}))
	return w
}

// again returns the notices of a further search.
func again(t testing.TB, w *gitguard.Watch) []string {
	t.Helper()
	must(t, w.Enter(gitguard.Guard{}))
	return w.Leave()
}

// program returns a script that makes a file, and a function that reports
// whether it ran.
func program(t *testing.T) (path string, ran func() bool) {
	t.Helper()
	dir := t.TempDir()
	files(t, dir, map[string]string{"*run": "#!/bin/sh\ntouch " + dir + "/mark\n"})
	return dir + "/run", func() bool {
		_, err := os.Stat(dir + "/mark")
		return err == nil
	}
}
