package runtimetest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// secret is in the server's environment while the suites run. No command may see
// it.
const secret = "sk-conformance-0123456789"

// key sets variables that no command may see, and returns OPENAI_API_KEY, which
// keeps an existing value. The variables stay set, because parallel tests can
// neither set nor restore one.
var key = sync.OnceValue(func() string {
	err := os.Setenv("PYGENT_CONFORMANCE", secret)
	if os.Getenv("OPENAI_API_KEY") == "" {
		err = errors.Join(err, os.Setenv("OPENAI_API_KEY", secret))
	}
	if err != nil {
		panic(err)
	}
	return os.Getenv("OPENAI_API_KEY")
})

// Run runs the suite, which mostly waits, so that the test should be parallel.
// newRuntime makes a Runtime with default options and an empty workspace; the
// suite calls it a few times and cleans up its results.
func Run(t *testing.T, newRuntime func(t *testing.T) *runtime.Runtime) {
	key()
	rt := start(t, newRuntime)
	for _, group := range [][]testCase{shellCases, outputCases, endCases, treeCases, jobCases} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) { c.run(t, rt) })
		}
	}
	t.Run("CloseEndsAll", func(t *testing.T) { closeEndsAll(t, start(t, newRuntime)) })
	t.Run("JobsEndWithClose", func(t *testing.T) { jobsEndWithClose(t, start(t, newRuntime)) })
	t.Run("ExecAfterCloseFails", func(t *testing.T) { execAfterClose(t, start(t, newRuntime)) })
}

// testCase is one rule. All share a runtime, so that leftovers of one make the
// next one fail.
type testCase struct {
	name string
	run  func(t *testing.T, rt *runtime.Runtime)
}

// patience bounds the wait for all events without a bound of their own.
const patience = 30 * time.Second

func start(t *testing.T, newRuntime func(t *testing.T) *runtime.Runtime) *runtime.Runtime {
	t.Helper()
	rt := newRuntime(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := rt.Cleanup(ctx); err != nil {
			t.Errorf("Cleanup: %v", err)
		}
	})
	return rt
}

// bash runs a command that must end by itself.
func bash(t *testing.T, rt *runtime.Runtime, cmd string) runtime.Result {
	t.Helper()
	res := rt.Bash(t.Context(), cmd, runtime.BashOptions{Timeout: patience})
	if res.Err != nil {
		t.Fatalf("%s\n%s", cmd, res.Text)
	}
	if res.ExitCode == nil {
		t.Fatalf("did not end by itself:\n%s", res.Text)
	}
	return res
}

// wantText runs a command and compares its output.
func wantText(t *testing.T, rt *runtime.Runtime, cmd, want string) {
	t.Helper()
	if got := bash(t, rt, cmd).Text; got != "$ "+cmd+"\n"+want {
		t.Errorf("got:\n%s\nwant below the command:\n%s", got, want)
	}
}

// took fails if more than limit has passed since begin.
func took(t *testing.T, begin time.Time, limit time.Duration) {
	t.Helper()
	if d := time.Since(begin); d > limit {
		t.Errorf("came back after %v, the limit is %v", d, limit)
	}
}

// Bounds for an executor: it must return a second after the end of its context,
// and at once when the remaining processes of a command only sleep. slack is
// for a machine that is busy with other tests.
const (
	backWithin = time.Second
	slack      = 500 * time.Millisecond
)

// size returns the size of a file in the workspace, 0 if it is missing.
func size(t *testing.T, rt *runtime.Runtime, name string) int {
	t.Helper()
	data, err := rt.Workspace().ReadFile(name, 1<<20)
	if err != nil && !errors.Is(err, runtime.ErrNotFound) {
		t.Fatal(err)
	}
	return len(data)
}

// waitFor waits until a file in the workspace has content.
func waitFor(t *testing.T, rt *runtime.Runtime, name string) {
	t.Helper()
	for end := time.Now().Add(patience); size(t, rt, name) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s was not written within %v", name, patience)
		}
	}
}

// beating returns a shell loop that shows that it runs by appending to a file.
// Its output is the command's.
func beating(file string) string { return "while :; do echo x >>" + file + "; sleep 0.1; done" }

// mustBeDead fails if a loop of beating still appends to file.
func mustBeDead(t *testing.T, rt *runtime.Runtime, file string) {
	t.Helper()
	before := size(t, rt, file)
	if before == 0 {
		t.Fatalf("%s never beat", file)
	}
	// There is no event for something that does not happen: wait for several
	// beats.
	time.Sleep(700 * time.Millisecond)
	if after := size(t, rt, file); after != before {
		t.Errorf("what beat in %s is still alive", file)
	}
}
