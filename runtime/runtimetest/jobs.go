package runtimetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// jobCases are about commands in the background.
var jobCases = []testCase{
	{"JobServesLaterCommands", func(t *testing.T, rt *runtime.Runtime) {
		j := startJob(t, rt, "echo ready; while :; do [ -e ask ] && mv ask answer; sleep 0.1; done")
		wantText(t, rt, "touch ask; while [ ! -e answer ]; do sleep 0.1; done; rm answer; echo answered", "answered\n")
		s := speaks(t, j) // the file can exist before the output arrives
		if !s.Running || !strings.HasSuffix(s.Result.Text, "\nready\n") || s.Result.ExitCode != nil {
			t.Errorf("%+v", s)
		}
		endJob(t, j, "[cancelled]")
	}},
	{"DaemonOfAJobLivesWithIt", func(t *testing.T, rt *runtime.Runtime) {
		j := startJob(t, rt, "(setsid sh -c '"+beating("served")+"' >/dev/null 2>&1 &); sleep 1000")
		waitFor(t, rt, "served")
		bash(t, rt, "(setsid sleep 100 &); true")
		before := size(t, rt, "served")
		for end := time.Now().Add(patience); size(t, rt, "served") == before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the end of another command ended the job's daemon")
			}
		}
		endJob(t, j, "[cancelled]")
		mustBeDead(t, rt, "served")
	}},
	{"JobEndsByItself", func(t *testing.T, rt *runtime.Runtime) {
		j := startJob(t, rt, "echo out; exit 3")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		s := j.Wait(ctx)
		if s.Running || s.Result.ExitCode == nil || *s.Result.ExitCode != 3 || !strings.HasSuffix(s.Result.Text, "out\n[exit code 3]") {
			t.Errorf("%+v", s)
		}
		if found, err := rt.Job(j.ID()); err != nil || found != j {
			t.Errorf("found %v, %v", found, err)
		}
		if _, err := rt.Job("job-none"); !errors.Is(err, runtime.ErrNotFound) {
			t.Error(err)
		}
	}},
	{"JobHasItsTimeout", func(t *testing.T, rt *runtime.Runtime) {
		j, err := rt.Start("echo begun; sleep 1000", runtime.JobOptions{Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if s := j.Wait(ctx); !s.Result.TimedOut || !strings.HasSuffix(s.Result.Text, "begun\n[timeout after 1s]") {
			t.Errorf("%+v", s)
		}
	}},
	{"FloodOfAJobIsBounded", func(t *testing.T, rt *runtime.Runtime) {
		j := startJob(t, rt, "yes")
		for end := time.Now().Add(patience); j.State().Result.TotalBytes < 10*runtime.DefaultOutputBytes; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("no output comes")
			}
		}
		if s := j.State(); !s.Result.Truncated || len(s.Result.Text) > 2*runtime.DefaultOutputBytes {
			t.Errorf("truncated %t, %d bytes of text", s.Result.Truncated, len(s.Result.Text))
		}
		endJob(t, j, "[cancelled]")
	}},
}

func startJob(t *testing.T, rt *runtime.Runtime, cmd string) *runtime.Job {
	t.Helper()
	j, err := rt.Start(cmd, runtime.JobOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Kill)
	return j
}

// speaks waits until a job has output.
func speaks(t *testing.T, j *runtime.Job) runtime.JobState {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s := j.State()
		if s.Result.TotalBytes > 0 {
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("the job says nothing: %+v", s)
		}
	}
}

// endJob kills a job, which must then end soon with last as its text's last line.
func endJob(t *testing.T, j *runtime.Job, last string) {
	t.Helper()
	j.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s := j.Wait(ctx); s.Running || !strings.HasSuffix(s.Result.Text, last) {
		t.Errorf("%+v", s)
	}
}

// jobsEndWithClose closes the runtime while a job runs.
func jobsEndWithClose(t *testing.T, rt *runtime.Runtime) {
	j := startJob(t, rt, beating("job"))
	waitFor(t, rt, "job")
	if err := rt.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	select {
	case <-j.Done():
	default:
		t.Error("the job runs on after Stop")
	}
	mustBeDead(t, rt, "job")
	if late, err := rt.Start("true", runtime.JobOptions{}); err != nil || late.Wait(t.Context()).Result.Err == nil {
		t.Errorf("a job after Stop: %v", err)
	}
}
