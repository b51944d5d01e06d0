package local_test

import (
	"strings"
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

// TestSignalsDoNotEndTheSupervisor: a command of the same user can send them, and
// they would end every other command of the workspace.
func TestSignalsDoNotEndTheSupervisor(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxStrong}), runtime.Options{})
	cleanup(t, rt)
	job, err := rt.Start("sleep 30", runtime.JobOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// The first test makes sure that process 1 is not the machine's.
	res := rt.Bash(t.Context(), "[ $PPID = 1 ] || exit 9; for s in HUP INT QUIT TERM ABRT USR1 ALRM; do kill -$s 1; done; sleep 0.2; echo alive", runtime.BashOptions{})
	if !strings.HasSuffix(res.Text, "\nalive\n") {
		t.Errorf("%s", res.Text)
	}
	if !job.State().Running {
		t.Errorf("the job has ended: %s", job.State().Result.Text)
	}
}
