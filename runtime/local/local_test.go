package local_test

import (
	"context"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func newRuntime(t testing.TB) *runtime.Runtime {
	t.Helper()
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	return runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxNone}), runtime.Options{})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	runtimetest.Run(t, func(t *testing.T) *runtime.Runtime { return newRuntime(t) })
}

func cleanup(t *testing.T, rt *runtime.Runtime) {
	t.Helper()
	t.Cleanup(func() {
		if err := rt.Cleanup(context.Background()); err != nil {
			t.Errorf("Cleanup: %v", err)
		}
	})
}
