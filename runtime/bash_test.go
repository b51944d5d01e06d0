package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func scripted(t *testing.T, s runtimetest.Script) *runtime.Runtime {
	t.Helper()
	fake := runtimetest.NewFake(nil, func(runtime.Command) runtimetest.Script { return s })
	return runtime.New(workspace(t, map[string]string{"dir/": "", "file": ""}), fake, runtime.Options{OutputBytes: 100})
}

func TestBashText(t *testing.T) {
	broken := fmt.Errorf("%w: the daemon is down; start it", runtime.ErrUnavailable)
	for name, c := range map[string]struct {
		script runtimetest.Script
		want   string
	}{
		"success":            {runtimetest.Script{Output: "out"}, "out"},
		"nothing":            {runtimetest.Script{}, ""},
		"exit code":          {runtimetest.Script{Output: "out", Exit: runtime.Exit{Code: 3}}, "out\n[exit code 3]"},
		"exit code, newline": {runtimetest.Script{Output: "out\n", Exit: runtime.Exit{Code: 3}}, "out\n[exit code 3]"},
		"exit code, nothing": {runtimetest.Script{Exit: runtime.Exit{Code: 1}}, "[exit code 1]"},
		"signal":             {runtimetest.Script{Exit: runtime.Exit{Code: 139, Signal: "SIGSEGV"}}, "[killed by SIGSEGV]"},
		"memory":             {runtimetest.Script{Exit: runtime.Exit{Code: 137, Signal: "SIGKILL", OutOfMemory: true}}, "[out of memory]"},
		"unavailable":        {runtimetest.Script{Output: "half", Err: broken}, "half\n[error] runtime unavailable: the daemon is down; start it"},
		"bad bytes":          {runtimetest.Script{Output: "a\xffb\n"}, "a\uFFFDb\n"},
		"too long":           {runtimetest.Script{Output: strings.Repeat("x", 120)}, strings.Repeat("x", 50) + "\n[… 20 bytes omitted …]\n" + strings.Repeat("x", 50)},
	} {
		t.Run(name, func(t *testing.T) {
			res := scripted(t, c.script).Bash(t.Context(), "cmd", runtime.BashOptions{})
			if diff := cmp.Diff("$ cmd\n"+c.want, res.Text); diff != "" {
				t.Error(diff)
			}
			if !errors.Is(res.Err, c.script.Err) || (res.ExitCode == nil) != (c.script.Err != nil) {
				t.Errorf("err %v, exit code %v", res.Err, res.ExitCode)
			}
			if res.TotalBytes != int64(len(c.script.Output)) || res.Truncated != (name == "too long") {
				t.Errorf("total %d, truncated %t", res.TotalBytes, res.Truncated)
			}
		})
	}
}

// TestTimeoutReachesTheCommand: these would hang if the time limit were only
// checked after the command.
func TestTimeoutReachesTheCommand(t *testing.T) {
	rt := scripted(t, runtimetest.Script{Output: "partial", Block: true})
	res := rt.Bash(t.Context(), "cmd", runtime.BashOptions{Timeout: 20 * time.Millisecond})
	if res.Text != "$ cmd\npartial\n[timeout after 0.02s]" || !res.TimedOut || res.Err != nil || res.ExitCode != nil {
		t.Errorf("%+v", res)
	}
	expired, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if res := rt.Bash(expired, "cmd", runtime.BashOptions{}); res.Text != "$ cmd\npartial\n[timeout]" || !res.TimedOut {
		t.Errorf("deadline without a text: %+v", res)
	}
	named, cancelNamed := context.WithCancelCause(t.Context())
	cancelNamed(&runtime.TimeoutError{Limit: 5 * time.Second})
	if res := rt.Bash(named, "cmd", runtime.BashOptions{}); res.Text != "$ cmd\n[timeout after 5s]" || !res.TimedOut {
		t.Errorf("caller's own limit: %+v", res)
	}
	cancelled, cancelIt := context.WithCancel(t.Context())
	res = rt.Bash(cancelled, "cmd", runtime.BashOptions{Output: func(string) { cancelIt() }})
	if res.Text != "$ cmd\npartial\n[cancelled]" || res.TimedOut {
		t.Errorf("cancelled: %+v", res)
	}
}

func TestBadCommandsAreRefusedWithText(t *testing.T) {
	rt := scripted(t, runtimetest.Script{Output: "ran"})
	for cmd, why := range map[string]string{
		"":                          "is empty",
		" \n\t":                     "is empty",
		"echo a\x00b":               "NUL",
		strings.Repeat("é", 70_000): "140000 bytes",
	} {
		res := rt.Bash(t.Context(), cmd, runtime.BashOptions{})
		var invalid *runtime.InvalidError
		if !errors.As(res.Err, &invalid) || !strings.HasPrefix(res.Text, "$ ") || !strings.Contains(res.Text, "\n[error] command: ") || !strings.Contains(res.Text, why) || len(res.Text) > 2000 {
			t.Errorf("%.20q: %v\n%.300s", cmd, res.Err, res.Text)
		}
	}
	for dir, want := range map[string]error{"../x": runtime.ErrOutside, "missing": runtime.ErrNotFound} {
		if res := rt.Bash(t.Context(), "cmd", runtime.BashOptions{Dir: dir}); !errors.Is(res.Err, want) || !strings.Contains(res.Text, "\n[error] ") {
			t.Errorf("dir %s: %v", dir, res.Err)
		}
	}
	if res := rt.Bash(t.Context(), "cmd", runtime.BashOptions{Dir: "dir"}); res.Err != nil {
		t.Errorf("dir: %v", res.Err)
	}
	longest := strings.Repeat("x", runtime.MaxCommandBytes)
	if res := rt.Bash(t.Context(), longest, runtime.BashOptions{}); res.Err != nil || res.Text != "$ "+longest+"\nran" {
		t.Errorf("the longest command: %v", res.Err)
	}
}

func TestResultOnTheWire(t *testing.T) {
	code := 0
	got, err := json.Marshal(runtime.Result{Text: "$ true\n", ExitCode: &code, DurationSeconds: 0.5, Err: errors.New("not for the wire")})
	must(t, err)
	if want := `{"text":"$ true\n","exitCode":0,"timedOut":false,"truncated":false,"durationSeconds":0.5}`; string(got) != want {
		t.Errorf("%s", got)
	}
}

func TestFilesOfTheRuntime(t *testing.T) {
	rt := scripted(t, runtimetest.Script{})
	text, change, err := rt.WriteFile("a/./b.txt", "héllo\n")
	if err != nil || text != "Wrote a/b.txt" || change.Change != "added" {
		t.Errorf("%q, %+v, %v", text, change, err)
	}
	_, _, err = rt.WriteFile("bin", "\xff\x00")
	must(t, err)
	_, _, err = rt.WriteFile("big", "x"+strings.Repeat("é", runtime.MaxReadBytes/2))
	must(t, err)
	for _, c := range []struct {
		name          string
		binary        bool
		want          string // "" is not compared
		encoding      string
		cut           bool
		contentLength int
	}{
		{"a/b.txt", false, "héllo\n", "utf-8", false, 7},
		{"a/b.txt", true, "aMOpbGxvCg==", "base64", false, 12},
		{"bin", false, "/wA=", "base64", false, 4},
		{"big", false, "", "utf-8", true, runtime.MaxReadBytes - 1},
	} {
		content, encoding, cut, err := rt.ReadFile(c.name, c.binary)
		if err != nil || c.want != "" && content != c.want || encoding != c.encoding || cut != c.cut || len(content) != c.contentLength {
			t.Errorf("%s: %.20q (%d), %s, %t, %v", c.name, content, len(content), encoding, cut, err)
		}
	}
	if _, _, _, err := rt.ReadFile("missing", false); !errors.Is(err, runtime.ErrNotFound) || err.Error() != "file missing not found" {
		t.Errorf("missing: %v", err)
	}
	if _, _, err := rt.WriteFile("../x", ""); !errors.Is(err, runtime.ErrOutside) {
		t.Errorf("outside: %v", err)
	}
}

func TestCleanupClosesTheExecutorAndRemovesTheWorkspace(t *testing.T) {
	ws, err := runtime.TempWorkspace()
	must(t, err)
	fake := runtimetest.NewFake(nil, nil)
	rt := runtime.New(ws, fake, runtime.Options{})
	info := rt.Info()
	if info.Workspace != ws.Dir() || info.Limits.OutputBytes != runtime.DefaultOutputBytes {
		t.Errorf("%+v", info)
	}
	must(t, rt.Cleanup(t.Context()))
	must(t, rt.Cleanup(t.Context()))
	if !fake.Closed() {
		t.Error("the executor is open")
	}
	if _, err := ws.ReadFile("x", 1); err == nil {
		t.Error("the workspace is open")
	}
	if res := rt.Bash(t.Context(), "cmd", runtime.BashOptions{}); !errors.Is(res.Err, runtime.ErrUnavailable) {
		t.Errorf("after Cleanup: %v", res.Err)
	}
}
