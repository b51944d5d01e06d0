package runtimetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// secret is put into the server's environment while the suite runs. No command
// may see it.
const secret = "sk-conformance-0123456789"

// Run runs the suite. newRuntime makes a Runtime with default options over an
// empty workspace; it is called a few times and the suite cleans up what it
// returned. The tests set environment variables, so they are not parallel.
func Run(t *testing.T, newRuntime func(t *testing.T) *runtime.Runtime) {
	t.Setenv("OPENAI_API_KEY", secret)
	t.Setenv("PYGENT_CONFORMANCE", secret)
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

// testCase is one rule. All share a runtime, so that what one leaves behind
// disturbs the next.
type testCase struct {
	name string
	run  func(t *testing.T, rt *runtime.Runtime)
}

// patience bounds everything that must merely happen.
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

// took fails when more than limit has gone since start.
func took(t *testing.T, begin time.Time, limit time.Duration) {
	t.Helper()
	if d := time.Since(begin); d > limit {
		t.Errorf("came back after %v, the limit is %v", d, limit)
	}
}

// Bounds of what an executor promises: to be back a second after its context's
// end, and at once when all that is left of a command sleeps. Slack is for the
// machine, which may be busy with other tests.
const (
	backWithin = time.Second
	slack      = 500 * time.Millisecond
)

// size of a file in the workspace, 0 when it is missing.
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

// beating is a shell loop that shows that it lives by making a file longer. Its
// output goes wherever the command's goes.
func beating(file string) string { return "while :; do echo x >>" + file + "; sleep 0.1; done" }

// mustBeDead fails when a loop that beat in file still does.
func mustBeDead(t *testing.T, rt *runtime.Runtime, file string) {
	t.Helper()
	before := size(t, rt, file)
	if before == 0 {
		t.Fatalf("%s never beat", file)
	}
	// No event tells that something does not happen: look for several beats.
	time.Sleep(700 * time.Millisecond)
	if after := size(t, rt, file); after != before {
		t.Errorf("what beat in %s is still alive", file)
	}
}
