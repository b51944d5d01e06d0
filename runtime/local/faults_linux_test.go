package local_test

import (
	"os"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestInsideFaults runs as root and as an ordinary user.
func TestInsideFaults(t *testing.T) {
	insideOnly(t)
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium, runtime.SandboxNone} {
		t.Run(level, func(t *testing.T) {
			state := t.TempDir()
			runtimetest.Faults(t, runtimetest.Place{
				New: func(t *testing.T, limits runtime.Limits) *runtime.Runtime {
					ws, err := runtime.TempWorkspace()
					if err != nil {
						t.Fatal(err)
					}
					return runtime.New(ws, local.New(ws, local.Options{Level: level, StateDir: state, Limits: limits}), runtime.Options{})
				},
				Left: func(t *testing.T, _ *runtime.Runtime) []string { return descendants(t, "self") },
			})
		})
	}
}

// descendants lists the programs of a process's children, and theirs.
func descendants(t *testing.T, process string) (programs []string) {
	for _, pid := range childrenOf(t, process) {
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			continue // it has ended
		}
		programs = append(programs, strings.TrimSpace(string(name)))
		programs = append(programs, descendants(t, pid)...)
	}
	return programs
}
