package local_test

import (
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// newConfined makes a runtime of a level in a new workspace.
func newConfined(t testing.TB, level string) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	return runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: t.TempDir()}), runtime.Options{})
}

func TestConformanceStrong(t *testing.T) {
	runtimetest.Run(t, func(t *testing.T) *runtime.Runtime { return newConfined(t, runtime.SandboxStrong) })
}

func TestConformanceMedium(t *testing.T) {
	runtimetest.Run(t, func(t *testing.T) *runtime.Runtime { return newConfined(t, runtime.SandboxMedium) })
}
