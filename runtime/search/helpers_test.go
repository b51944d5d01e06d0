package search

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// tree makes a workspace with files; a name that ends with "/" is a directory.
func tree(t *testing.T, files map[string]string) *runtime.Workspace {
	t.Helper()
	t.Setenv("HOME", t.TempDir()) // the user's own excludes are no part of a test
	for _, name := range []string{"XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"} {
		t.Setenv(name, "") // to be restored
		os.Unsetenv(name)
	}
	ws, err := runtime.OpenWorkspace(t.TempDir(), runtime.OpenOptions{})
	must(t, err)
	t.Cleanup(func() { ws.Close() })
	for name, text := range files {
		at := filepath.Join(ws.Dir(), name)
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(at, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(at), 0o755))
		must(t, os.WriteFile(at, []byte(text), 0o644))
	}
	return ws
}

// everySystem runs a test by the system calls of this system and by what others have.
func everySystem(t *testing.T, do func(t *testing.T)) {
	t.Run("own", do)
	t.Run("others", func(t *testing.T) {
		makeOpener = func(root *os.Root) (opener, error) { return rootOpener{root}, nil }
		defer func() { makeOpener = newOpener }()
		do(t)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// globbed returns the sorted paths of a Glob that must not fail.
func globbed(t *testing.T, ws *runtime.Workspace, pattern, path string) []string {
	t.Helper()
	res, err := Glob(t.Context(), ws, GlobOptions{Pattern: pattern, Path: path})
	must(t, err)
	slices.Sort(res.Paths)
	return res.Paths
}
