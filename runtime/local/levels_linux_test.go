package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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
	t.Parallel()
	runtimetest.Run(t, func(t *testing.T) *runtime.Runtime { return newConfined(t, runtime.SandboxStrong) })
}

func TestConformanceMedium(t *testing.T) {
	t.Parallel()
	runtimetest.Run(t, func(t *testing.T) *runtime.Runtime { return newConfined(t, runtime.SandboxMedium) })
}

// TestInsideSignals: a command of the same user could end the supervisor by
// signals, and so every other command of the workspace.
func TestInsideSignals(t *testing.T) {
	insideOnly(t)
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		t.Run(level, func(t *testing.T) {
			rt := newRepo(t, level, runtime.Limits{})
			job, err := rt.Start("sleep 100", runtime.JobOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				// The supervisor is the parent of the shell.
				res := rt.Bash(t.Context(), "./attacker "+attackArg+" signals $PPID", runtime.BashOptions{})
				if !strings.Contains(res.Text, "held: others tell") {
					t.Fatalf("%s", res.Text)
				}
			}
			if !job.State().Running {
				t.Errorf("the job has ended: %s", job.State().Result.Text)
			}
		})
	}
}

// TestInsideEndOfSupervisor: if it ends, the running command reports that, and
// the next command gets a new one.
func TestInsideEndOfSupervisor(t *testing.T) {
	insideOnly(t)
	rt := newRepo(t, runtime.SandboxMedium, runtime.Limits{})
	pid, err := strconv.Atoi(strings.TrimSpace(lastLine(rt.Bash(t.Context(), "echo $PPID", runtime.BashOptions{}).Text)))
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan runtime.Result, 2)
	for i := range cap(results) {
		go func() {
			results <- rt.Bash(t.Context(), "touch began"+strconv.Itoa(i)+"; sleep 100", runtime.BashOptions{})
		}()
	}
	for i := range cap(results) {
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if _, err := os.Stat(filepath.Join(rt.Workspace().Dir(), "began"+strconv.Itoa(i))); err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("the commands did not start")
			}
		}
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range cap(results) {
		if res := <-results; !errors.Is(res.Err, runtime.ErrUnavailable) || !strings.Contains(res.Text, "supervisor of commands: it has ended") {
			t.Errorf("%v: %s", res.Err, res.Text)
		}
	}
	if res := rt.Bash(t.Context(), "echo fine", runtime.BashOptions{}); !strings.HasSuffix(res.Text, "\nfine\n") {
		t.Errorf("afterwards: %s", res.Text)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
