package docker

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestFaults runs each way in a process of its own, because it examines the
// whole process.
func TestFaults(t *testing.T) {
	if runtimetest.Inside() {
		testFaults(t)
		return
	}
	t.Parallel()
	client := connect(t)
	eachWay(t, func(t *testing.T, w way) {
		again(t, client, runtimetest.As{UID: os.Getuid(), Run: "^TestFaults$/^" + strings.ReplaceAll(w.name, " ", "_") + "$"})
	})
}

// testFaults runs in a process for one way.
func testFaults(t *testing.T) {
	client, program := connect(t), testProgram(t)
	inTurn(t, ways(), func(t *testing.T, w way) {
		instance := randomID()
		runtimetest.Faults(t, runtimetest.Place{
			New: func(t *testing.T, limits runtime.Limits) *runtime.Runtime {
				ws, err := runtime.TempWorkspace()
				if err != nil {
					t.Fatal(err)
				}
				return runtime.New(ws, New(ws, w.with(Options{
					Client: client, Image: testImage(), Supervisor: program, Log: zaptest.NewLogger(t), Instance: instance,
					MemoryBytes: limits.MemoryBytes, PIDs: limits.PIDs, FileBytes: limits.FileBytes,
				})), runtime.Options{})
			},
			Left: func(t *testing.T, rt *runtime.Runtime) []string {
				left := slices.Repeat([]string{"container"}, len(containers(t, client, instance)))
				// The shell looks the names up itself, before any other process.
				res := rt.Bash(t.Context(), "echo /proc/[0-9]*", runtime.BashOptions{})
				_, list, _ := strings.Cut(res.Text, "\n")
				return append(left, fmt.Sprint(len(strings.Fields(list)), " processes inside"))
			},
		})
	})
}
