package docker

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

func TestOutOfMemory(t *testing.T) { eachWay(t, testOutOfMemory) }

func testOutOfMemory(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{MemoryBytes: 64 << 20}))
	if _, exit := sh(t, e, "head -c 200000000 /dev/zero | tail -c 200000000 >/dev/null"); !exit.OutOfMemory || exit.Code != 137 {
		t.Errorf("got %+v", exit)
	}
	if _, exit := sh(t, e, "exit 1"); exit.OutOfMemory {
		t.Errorf("the next command too: %+v", exit)
	}
}

// TestAtTheLimitOfProcesses ends commands that used up the limit of processes,
// and whose shells may have died because of that.
func TestAtTheLimitOfProcesses(t *testing.T) { eachCommandWay(t, testAtTheLimitOfProcesses) }

func testAtTheLimitOfProcesses(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{PIDs: 40}))
	for name, script := range map[string]string{
		"bomb": "b() { b | b & }; b; while :; do b; done",
		"full": "i=0; while [ $i -lt 34 ]; do sleep 4600 & i=$((i+1)); done; wait",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		began := time.Now()
		exit, err := e.Exec(ctx, runtime.Command{Script: script}, &bytes.Buffer{})
		took := time.Since(began)
		cancel()
		t.Logf("%s: %+v, %v after %v", name, exit, err, took)
		if took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if out, _ := sh(t, e, "echo well"); out != "well\n" {
			t.Errorf("%s: the next command: %q", name, out)
		}
		wantNone(t, e, "sleep 4600")
	}
}

// TestManySmallProcessesOutOfMemory fills memory with processes that are each
// smaller than PID 1, which the kernel must not kill.
func TestManySmallProcessesOutOfMemory(t *testing.T) {
	e := executor(t, workspace(t), Options{MemoryBytes: 64 << 20, PIDs: 2000})
	sh(t, e, "true")
	before := e.Info().ContainerID
	_, exit := sh(t, e, `i=0; while [ $i -lt 150 ]; do (x=$(head -c 700000 /dev/zero | tr '\0' a); sleep 4700) & i=$((i+1)); done; sleep 2; exit 3`)
	if !exit.OutOfMemory {
		t.Errorf("got %+v", exit)
	}
	wantNone(t, e, "sleep 4700")
	if e.Info().ContainerID != before {
		t.Error("it cost the container")
	}
}

// TestSupervisorIsSmall checks how much of the commands' memory and processes
// PID 1 takes.
func TestSupervisorIsSmall(t *testing.T) {
	e := executor(t, workspace(t), Options{})
	sh(t, e, "head -c 50000000 /dev/zero")
	out, _ := sh(t, e, "while read -r k v _; do case $k in VmRSS:) [ $v -lt 32768 ] && echo small;; Threads:) [ $v -lt 20 ] && echo few;; esac; done </proc/1/status")
	if out != "small\nfew\n" {
		status, _ := sh(t, e, "cat /proc/1/status")
		t.Errorf("%q\n%s", out, status)
	}
}

// TestBackgroundServer is used by a later command of the same session.
func TestBackgroundServer(t *testing.T) {
	eachCommandWay(t, func(t *testing.T, w way) {
		ws := workspace(t)
		rt := runtime.New(ws, executor(t, ws, w.with(Options{})), runtime.Options{})
		job, err := rt.Start("while :; do echo served | nc -l -p 8080; done", runtime.JobOptions{})
		if err != nil {
			t.Fatal(err)
		}
		res := rt.Bash(t.Context(), "until nc 127.0.0.1 8080 2>/dev/null </dev/null | grep served; do sleep 0.1; done", runtime.BashOptions{Timeout: 20 * time.Second})
		if !strings.HasSuffix(res.Text, "served\n") {
			t.Errorf("got %s", res.Text)
		}
		job.Kill()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if state := job.Wait(ctx); ctx.Err() != nil {
			t.Errorf("still runs: %+v", state)
		}
		res = rt.Bash(t.Context(), "ps | grep -c '[n]c -l'", runtime.BashOptions{})
		if !strings.Contains(res.Text, "\n0\n") {
			t.Errorf("after the kill: %s", res.Text)
		}
	})
}
