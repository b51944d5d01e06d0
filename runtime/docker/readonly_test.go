package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

func TestReadOnlyViewBesideTheWritableOne(t *testing.T) {
	ws := workspace(t)
	rt := runtime.New(ws, executor(t, ws, Options{}), runtime.Options{View: executor(t, ws, Options{ReadOnly: true})})
	if res := rt.Bash(t.Context(), "mkdir -p .git d && echo ref >.git/HEAD && echo old >d/a", runtime.BashOptions{}); res.Err != nil || *res.ExitCode != 0 {
		t.Fatal(res.Text)
	}
	for _, cmd := range []string{"echo new >d/a", "touch b", "rm -r d", "mv d e", "chmod 777 d/a", "echo x >.git/HEAD", "mkdir .git/hooks", "mount -o remount,rw /workspace"} {
		if res := rt.View().Bash(t.Context(), cmd, runtime.BashOptions{}); res.Err != nil || *res.ExitCode == 0 {
			t.Errorf("%s", res.Text)
		}
	}
	if res := rt.View().Bash(t.Context(), "echo t >/tmp/t && cat /tmp/t d/a", runtime.BashOptions{}); !strings.HasSuffix(res.Text, "\nt\nold\n") {
		t.Errorf("%s", res.Text)
	}
	if res := rt.Bash(t.Context(), "echo new >d/a && cat d/a", runtime.BashOptions{}); !strings.HasSuffix(res.Text, "\nnew\n") {
		t.Errorf("beside the view: %s", res.Text)
	}
}

// Files that are copied into a container would be copied back.
func TestReadOnlyViewNeedsTheMount(t *testing.T) {
	ws := workspace(t)
	rt := runtime.New(ws, executor(t, ws, Options{ReadOnly: true, NoMount: true}), runtime.Options{})
	if res := rt.Bash(t.Context(), "touch a", runtime.BashOptions{}); res.Err == nil || !strings.Contains(res.Text, "needs its mount") {
		t.Errorf("%s", res.Text)
	}
	if _, err := os.Stat(filepath.Join(ws.Dir(), "a")); err == nil {
		t.Error("it was written")
	}
}
