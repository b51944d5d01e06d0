package tools_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/tools"
)

// TestBackgroundJob drives a job as a model does.
func TestBackgroundJob(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, runtimetest.NewFake(map[string]runtimetest.Script{
		"serve": {Output: "listening\n", Block: true},
		"build": {Output: "built\n", Exit: runtime.Exit{Code: 3}},
	}, nil), runtime.Options{})
	defer func() {
		if err := rt.Cleanup(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	reg, err := tools.NewRegistry(tools.Bash(), tools.JobOutput(), tools.JobKill())
	if err != nil {
		t.Fatal(err)
	}
	call := func(name string, args map[string]any) tools.Result {
		t.Helper()
		raw, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		return reg.Call(t.Context(), tools.Env{Runtime: rt}, name, string(raw))
	}
	started := call("bash", map[string]any{"cmd": "serve", "background": true})
	id := regexp.MustCompile(`^started (\S+);`).FindStringSubmatch(started.Text)
	if id == nil || started.IsError {
		t.Fatalf("started: %+v", started)
	}
	if res := call("job_output", map[string]any{"job_id": id[1], "wait": 0.01}); res.IsError || !strings.Contains(res.Text, "is running]") {
		t.Errorf("while it runs: %+v", res)
	}
	if res := call("job_kill", map[string]any{"job_id": id[1]}); res.IsError || !strings.Contains(res.Text, "listening") || !strings.Contains(res.Text, "has ended]") {
		t.Errorf("killed: %+v", res)
	}
	second := call("bash", map[string]any{"cmd": "build", "background": true})
	id = regexp.MustCompile(`^started (\S+);`).FindStringSubmatch(second.Text)
	if res := call("job_output", map[string]any{"job_id": id[1], "wait": 30}); !res.IsError || res.ExitCode == nil || *res.ExitCode != 3 {
		t.Errorf("a job that failed: %+v", res)
	}
	if res := call("job_output", map[string]any{"job_id": "job-77"}); !res.IsError || !strings.Contains(res.Text, "job-77") {
		t.Errorf("no such job: %+v", res)
	}
}
