package local_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestDiskIsNotFilled(t *testing.T) {
	t.Parallel()
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			ws, err := runtime.OpenWorkspace(runtimetest.SmallDisk(t, "16m"), runtime.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			rt := runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: t.TempDir()}), runtime.Options{})
			cleanup(t, rt)
			if res := rt.Bash(t.Context(), runtimetest.FillDisk, runtime.BashOptions{}); !strings.Contains(res.Text, "[killed: the disk") {
				t.Errorf("%s", res.Text)
			}
			if res := rt.Bash(t.Context(), "sleep 0.3; rm full* && echo x >more", runtime.BashOptions{}); res.ExitCode == nil || *res.ExitCode != 0 {
				t.Errorf("afterwards: %s", res.Text)
			}
		})
	}
}
