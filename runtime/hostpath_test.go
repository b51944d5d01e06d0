package runtime_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestPathOf(t *testing.T) {
	ws := workspace(t, map[string]string{"d/file": "x"})
	alias := filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(filepath.Join(ws.Dir(), "d"), alias); err != nil {
		runtimetest.Missing(t, err)
	}
	for host, want := range map[string]string{
		ws.Dir():                               ".",
		ws.Dir() + "/d/../d/new":               "d/new",
		filepath.Join(ws.Dir(), "..name"):      "..name",
		filepath.Join(alias, "file"):           "d/file",
		filepath.Join(alias, "new", "further"): "d/new/further",
		ws.Dir() + "2":                         "",
		filepath.Dir(ws.Dir()):                 "",
		ws.Dir() + "/../x":                     "",
	} {
		got, err := ws.PathOf(host)
		if got != want || (want == "") != errors.Is(err, runtime.ErrOutside) {
			t.Errorf("PathOf(%q) = %q, %v, want %q", host, got, err, want)
		}
	}
}
