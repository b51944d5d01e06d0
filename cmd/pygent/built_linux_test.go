package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestBuiltBothWays runs one command in each sandbox, with a program built without cgo and
// with one built with cgo, as `go install` does if there is a C compiler. The sandboxes must
// be equally strong.
func TestBuiltBothWays(t *testing.T) {
	image := testImage(t)
	without, with := buildProgram(t, "CGO_ENABLED=0"), buildProgram(t, "CGO_ENABLED=1")
	for level, flags := range map[string][]string{
		runtime.SandboxContainer: {"--docker", "--image", image},
		runtime.SandboxStrong:    {"--no-docker"},
	} {
		t.Run(level, func(t *testing.T) {
			text, info := runBuilt(t, without, flags)
			if level == runtime.SandboxStrong && info.Sandbox != level {
				runtimetest.Missing(t, "needs sandbox strong: ", info.Reason)
			}
			if !strings.Contains(text, "\nSeccomp_filters:\t") || info.Sandbox != level || strings.Contains(info.Reason, "call to the Docker daemon") {
				t.Errorf("%s\n%+v", text, info)
			}
			withText, withInfo := runBuilt(t, with, flags)
			if diff := cmp.Diff(text, withText); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(info, withInfo); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// buildProgram builds the program. With cgo it uses this test's build flags, so that only the
// last step is new.
func buildProgram(t *testing.T, cgo string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "pygent")
	args := []string{"build", "-ldflags=-s", "-o", program}
	if cgo == "CGO_ENABLED=1" {
		if _, err := exec.LookPath("cc"); err != nil {
			runtimetest.Missing(t, err)
		}
		if raced() {
			args = append(args, "-race")
		}
	}
	build := exec.CommandContext(t.Context(), "go", append(args, ".")...)
	build.Env = append(os.Environ(), cgo)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// raced reports whether this program has the race detector.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return true
		}
	}
	return false
}

// runBuilt runs a command and returns its output, and its runtime without the parts that
// differ between runs.
func runBuilt(t *testing.T, program string, sandbox []string) (string, runtime.Info) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"serve", "--mode=auto", "--root", t.TempDir()}, sandbox...)...)
	cmd.Env = append(os.Environ(), "OPENAI_API_KEY=none", "TMPDIR="+t.TempDir(), "XDG_STATE_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	client := rpc.NewClient(duplex{out, in}, rpc.Handlers{})
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	var res json.RawMessage
	var info runtime.Info
	if err := client.Call(ctx, rpc.MethodInitialize, rpc.InitializeParams{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := client.Call(ctx, rpc.MethodExec, session.ExecParams{Command: "grep -e Seccomp -e NoNewPrivs -e Cap /proc/self/status"}, &res); err != nil {
		t.Fatal(err)
	}
	if err := client.Call(ctx, "runtime/info", session.SessionParams{}, &info); err != nil {
		t.Fatal(err)
	}
	var said runtime.Result
	if err := json.Unmarshal(res, &said); err != nil {
		t.Fatal(err)
	}
	info.ContainerID, info.Workspace = "", ""
	return said.Text, info
}
