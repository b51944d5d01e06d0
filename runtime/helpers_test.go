package runtime_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// workspace makes a temporary workspace with files: a name that ends in a slash
// is a directory, a content that begins with "-> " makes a link.
func workspace(t testing.TB, files map[string]string) *runtime.Workspace {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ws.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	for name, content := range files {
		full := filepath.Join(ws.Dir(), name)
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		target, isLink := strings.CutPrefix(content, "-> ")
		switch {
		case isLink:
			must(t, os.Symlink(target, full))
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(full, 0o755))
		default:
			must(t, os.WriteFile(full, []byte(content), 0o644))
		}
	}
	return ws
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tree lists all files of a workspace in the form that workspace takes.
func tree(t testing.TB, ws *runtime.Workspace) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(ws.Dir(), func(full string, d fs.DirEntry, err error) error {
		if err != nil || full == ws.Dir() {
			return err
		}
		name, err := filepath.Rel(ws.Dir(), full)
		must(t, err)
		switch {
		case d.IsDir():
			files[name+"/"] = ""
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(full)
			must(t, err)
			files[name] = "-> " + target
		default:
			data, err := os.ReadFile(full)
			must(t, err)
			files[name] = string(data)
		}
		return nil
	}))
	return files
}

// outsideFile makes a file outside of any workspace.
func outsideFile(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(name, []byte("secret"), 0o644))
	return name
}
