package docker

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// wantReason runs a command and checks how its container was made.
func wantReason(t *testing.T, e *Executor, words ...string) {
	t.Helper()
	if out, exit := sh(t, e, "echo well; pwd; touch made"); out != "well\n/workspace\n" || exit.Code != 0 {
		t.Errorf("%q, %+v", out, exit)
	}
	if _, err := os.Stat(filepath.Join(e.ws.Dir(), "made")); err != nil {
		t.Error(err)
	}
	reason := e.Info().Reason
	t.Log(reason)
	for _, word := range words {
		if !strings.Contains(reason, word) {
			t.Errorf("reason %q does not say %q", reason, word)
		}
	}
	if len(words) == 0 && reason != "" {
		t.Errorf("reason %q for the best plan", reason)
	}
}

// TestProgramThatCannotRun: commands run by exec, and the second container uses
// that plan at once.
func TestProgramThatCannotRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	usage := filepath.Join(dir, "usage") // another file, because a program that cannot run is remembered
	runtimetest.CopyProgram(t, builtProgram(t, "supervise"), usage)
	for _, tc := range []struct {
		name, word string
		program    Program
	}{
		{"no such file", "not there", Program{Path: filepath.Join(dir, "missing")}},
		{"of another machine", "exec format error", Program{Path: write("foreign", "\x7fELFnonsense", 0o755)}},
		{"not executable", "permission denied", Program{Path: write("plain", "x", 0o644)}},
		{"libraries missing", "CGO_ENABLED=0", Program{Path: write("script", "#!/no/such/interpreter\n", 0o755)}},
		{"ends at once", "it has ended", Program{Path: usage}},
		{"says something else", "malformed", Program{Path: write("chatter", "#!/bin/sh\necho this is no frame at all; cat\n", 0o755)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client := connect(t)
			for range 2 {
				e := executor(t, workspace(t), Options{Client: client, Supervisor: tc.program})
				wantReason(t, e, "call to the Docker daemon", tc.word)
				if e.current.sup != nil {
					t.Error("a supervisor after all")
				}
			}
			// Another program can run.
			wantReason(t, executor(t, workspace(t), Options{Client: client}))
		})
	}
}

func TestDaemonOfAnotherPlatform(t *testing.T) {
	client := connect(t)
	client.machine = machine{cpus: 1, platform: "linux/s390x"}
	wantReason(t, executor(t, workspace(t), Options{Client: client}), "linux/s390x")
}

// TestDaemonOverTCP: the daemon may be on another machine, where a directory of
// the same name is a different one.
func TestDaemonOverTCP(t *testing.T) {
	direct := connect(t)
	socket, ok := strings.CutPrefix(direct.api.DaemonHost(), "unix://")
	if !ok {
		runtimetest.Missing(t, "needs a daemon on a Unix socket")
	}
	r := newRelay(t, socket)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.work.Go(func() { r.accept(listener) })
	t.Cleanup(func() { _ = listener.Close() })
	t.Setenv("DOCKER_HOST", "tcp://"+listener.Addr().String())
	e := executor(t, workspace(t), Options{})
	wantReason(t, e, "copied", "another machine")
	if e.current.sup == nil {
		t.Error("no supervisor")
	}
}

// TestDaemonWithoutThisMachinesFiles has a Unix socket, as in a container that
// was given the socket of its host.
func TestDaemonWithoutThisMachinesFiles(t *testing.T) {
	client := connect(t)
	ws := workspace(t)
	e := executor(t, ws, Options{Client: client})
	bad := plan{}
	_, err := client.api.ContainerCreate(context.Background(), containerConfig(e.opts, bad), mustHost(t, e.opts, "/no/such/directory"), nil, nil, "")
	err = client.explain("create", err)
	next, ok := bad.after(e.opts, err)
	if !ok || next.noMount == "" || next.noSupervisor != "" {
		t.Errorf("after %v: %+v, %v", err, next, ok)
	}
	if _, ok := next.after(e.opts, err); ok {
		t.Error("the same failure led to a further try")
	}
	client.remember(e.opts, next)
	wantReason(t, e, "copied", "does not see")
	if _, ok := (plan{}).after(e.opts, runtime.ErrUnavailable); ok {
		t.Error("any failure leads to another plan")
	}
}

func mustHost(t *testing.T, o Options, dir string) *container.HostConfig {
	t.Helper()
	return hostConfig(o, plan{}, dir, gitguard.Guard{}, 1)
}

func TestOldArchitectures(t *testing.T) {
	for name, want := range map[string]string{"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "riscv64": "riscv64"} {
		if got := goArch(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestFilterIsNeeded: where the user demands it, no command runs without the filter.
func TestFilterIsNeeded(t *testing.T) {
	client := connect(t)
	if out, _ := sh(t, executor(t, workspace(t), Options{Client: client, NeedFilter: true}), "echo well"); out != "well\n" {
		t.Errorf("%q", out)
	}
	for name, opts := range map[string]Options{
		"known before": {NoSupervisor: true},
		"shown by try": {Supervisor: Program{Path: "/bin/sh", Args: []string{"-c", "exit 1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			opts.Client, opts.NeedFilter = client, true
			_, err := executor(t, workspace(t), opts).Exec(context.Background(), runtime.Command{Script: "true"}, io.Discard)
			wantUnavailable(t, err, "require_sandbox", "no filter")
		})
	}
}

// TestForesee checks the reasons that are known without a container.
func TestForesee(t *testing.T) {
	client := connect(t)
	for _, tc := range []struct{ word, platform string }{{"", "linux/" + goruntime.GOARCH}, {"no filter of system calls but Docker's own: the daemon's machine is linux/s390x", "linux/s390x"}} {
		client.machine = machine{cpus: 1, platform: tc.platform}
		why, err := client.Foresee(context.Background(), Options{Client: client, Supervisor: testProgram(t)})
		if err != nil || !strings.Contains(why, tc.word) || tc.word == "" && why != "" {
			t.Errorf("%s: %q, %v", tc.platform, why, err)
		}
	}
}
