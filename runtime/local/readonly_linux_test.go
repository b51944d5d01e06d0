package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

func TestReadOnlyViewBesideTheWritableOne(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	state, extra := t.TempDir(), t.TempDir()
	opts := local.Options{Level: runtime.SandboxStrong, StateDir: state, WritePaths: []string{extra}}
	view := opts
	view.ReadOnly = true
	rt := runtime.New(ws, local.New(ws, opts), runtime.Options{View: local.New(ws, view)})
	cleanup(t, rt)
	if err := os.WriteFile(filepath.Join(extra, "x"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if res := rt.Bash(t.Context(), "git init -q . && mkdir d && echo old >d/a", runtime.BashOptions{}); res.Err != nil || *res.ExitCode != 0 {
		t.Fatal(res.Text)
	}
	before := listing(t, ws.Dir())
	for _, cmd := range []string{
		"echo new >d/a", "touch b", "rm -r d", "mv d e", "chmod 777 d/a", "ln d/a c", "truncate -s 0 d/a", "git commit --allow-empty -m x", "echo x >.git/hooks/pre-commit",
		"mount -o remount,rw " + ws.Dir(), "umount " + ws.Dir(), "touch " + extra + "/y", "rm " + extra + "/x",
	} {
		if res := rt.View().Bash(t.Context(), cmd, runtime.BashOptions{}); res.Err != nil || *res.ExitCode == 0 {
			t.Errorf("%s", res.Text)
		}
	}
	res := rt.View().Bash(t.Context(), "cat d/a "+extra+"/x && echo t >/tmp/t && echo h >~/h && cat /tmp/t", runtime.BashOptions{})
	if !strings.HasSuffix(res.Text, "\nold\nxt\n") {
		t.Errorf("%s", res.Text)
	}
	if diff := cmp.Diff(before, listing(t, ws.Dir())); diff != "" {
		t.Errorf("the workspace (-before +after):\n%s", diff)
	}
	if res := rt.Bash(t.Context(), "echo new >d/a && cat d/a", runtime.BashOptions{}); !strings.HasSuffix(res.Text, "\nnew\n") {
		t.Errorf("beside the view: %s", res.Text)
	}
}

// Where writing cannot be prevented, no command runs.
func TestReadOnlyViewIsNeverWeaker(t *testing.T) {
	for _, level := range []string{runtime.SandboxMedium, runtime.SandboxNone} {
		ws, err := runtime.TempWorkspace()
		if err != nil {
			t.Fatal(err)
		}
		rt := runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: t.TempDir(), ReadOnly: true}), runtime.Options{})
		cleanup(t, rt)
		if res := rt.Bash(t.Context(), "touch a", runtime.BashOptions{}); res.Err == nil || !strings.Contains(res.Text, "read-only view") {
			t.Errorf("%s: %s", level, res.Text)
		}
		if list := listing(t, ws.Dir()); len(list) != 0 {
			t.Errorf("%s: %v", level, list)
		}
	}
}

// listing is every file with its mode and content.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	list := map[string]string{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || path == dir {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(data)
		}
		list[path] = info.Mode().String() + " " + text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
