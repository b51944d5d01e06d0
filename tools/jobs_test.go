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
	asked := make(chan string, 1)
	rt := runtime.New(ws, runtimetest.NewFake(map[string]runtimetest.Script{
		"serve": {Output: "listening\n", Block: true},
		"ask": {Block: true, Do: func(cmd runtime.Command) error {
			answer := make([]byte, 10)
			n, err := cmd.Input.Read(answer)
			asked <- string(answer[:n])
			return err
		}},
		"build": {Output: "built\n", Exit: runtime.Exit{Code: 3}},
	}, nil), runtime.Options{})
	defer func() {
		if err := rt.Cleanup(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	reg, err := tools.NewRegistry(tools.Bash(), tools.JobOutput(), tools.JobInput(), tools.JobKill())
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
	id := regexp.MustCompile(`^started (\S+)\n`).FindStringSubmatch(started.Text)
	if id == nil || started.IsError {
		t.Fatalf("started: %+v", started)
	}
	if res := call("job_output", map[string]any{"job_id": id[1], "wait": 0.01}); res.IsError || !strings.Contains(res.Text, "is running]") {
		t.Errorf("while it runs: %+v", res)
	}
	if res := call("job_kill", map[string]any{"job_id": id[1]}); res.IsError || !strings.Contains(res.Text, "listening") || !strings.Contains(res.Text, "has ended]") {
		t.Errorf("killed: %+v", res)
	}
	asking := call("bash", map[string]any{"cmd": "ask", "background": true})
	id = regexp.MustCompile(`^started (\S+)\n`).FindStringSubmatch(asking.Text)
	if res := call("job_input", map[string]any{"job_id": id[1], "text": "yes\n"}); res.IsError || res.Text != "Wrote 4 bytes to "+id[1]+"." {
		t.Errorf("input: %+v", res)
	}
	if got := <-asked; got != "yes\n" {
		t.Errorf("the job read %q", got)
	}
	for text, want := range map[string]string{
		"": "text is empty", strings.Repeat("x", runtime.MaxJobInput+1): "has not read 0 bytes of earlier input; nothing of these 65537 was added",
	} {
		if res := call("job_input", map[string]any{"job_id": id[1], "text": text}); !res.IsError || !strings.Contains(res.Text, want) {
			t.Errorf("input of %d bytes: %+v", len(text), res)
		}
	}
	call("job_kill", map[string]any{"job_id": id[1]})
	for job, want := range map[string]string{id[1]: id[1] + " has ended", "job-77": `job "job-77" not found`} {
		if res := call("job_input", map[string]any{"job_id": job, "text": "x"}); !res.IsError || !strings.Contains(res.Text, want) {
			t.Errorf("%s: %+v", job, res)
		}
	}
	second := call("bash", map[string]any{"cmd": "build", "background": true})
	id = regexp.MustCompile(`^started (\S+)\n`).FindStringSubmatch(second.Text)
	if res := call("job_output", map[string]any{"job_id": id[1], "wait": 30}); !res.IsError || res.ExitCode == nil || *res.ExitCode != 3 {
		t.Errorf("a job that failed: %+v", res)
	}
	if res := call("job_output", map[string]any{"job_id": "job-77"}); !res.IsError || !strings.Contains(res.Text, "job-77") {
		t.Errorf("no such job: %+v", res)
	}
}

// Input is proposed as a command that names the job, so that no rule for one job
// covers another, and none for a command covers input.
func TestInputIsProposed(t *testing.T) {
	reg, err := tools.NewRegistry(tools.JobInput())
	if err != nil {
		t.Fatal(err)
	}
	p, err := reg.Propose(t.Context(), tools.Env{}, "job_input", `{"job_id":"job-1","text":"go test ./...\n"}`)
	if err != nil || p.Effect != tools.EffectCommand || p.Viewable || p.Command != "job-1 <<< go test ./...\n" || p.Title != "Write to the input of job-1" {
		t.Errorf("%+v, %v", p, err)
	}
}

// A model gets these texts with every request.
func TestBudget(t *testing.T) {
	for _, tool := range []tools.Tool{tools.Bash(), tools.JobOutput(), tools.JobInput(), tools.JobKill(), tools.ViewImage()} {
		spec, most := tool.Spec(), 700
		if spec.Name == "bash" {
			most = 1200
		}
		if n := len(spec.Description) + len(spec.Parameters); n > most {
			t.Errorf("%s: %d bytes, at most %d", spec.Name, n, most)
		}
	}
}
