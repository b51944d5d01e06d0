package runtimetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// commandFaults are the faults that commands cause.
var commandFaults = []fault{
	{"yes with a 2 s timeout", func(t *testing.T, s *server) {
		rss := residentBytes(t)
		begin := time.Now()
		res := s.rt.Bash(t.Context(), "echo first; yes", runtime.BashOptions{Timeout: 2 * time.Second})
		took(t, begin, 2*time.Second+backWithin+busy)
		if !res.TimedOut || !res.Truncated || res.TotalBytes <= runtime.DefaultOutputBytes || len(res.Text) > runtime.DefaultOutputBytes+1<<10 {
			t.Errorf("timedOut %t, truncated %t, %d bytes in all, %d of text", res.TimedOut, res.Truncated, res.TotalBytes, len(res.Text))
		}
		if !strings.Contains(res.Text, "\nfirst\ny\n") || !strings.HasSuffix(res.Text, "\ny\n[timeout after 2s]") {
			t.Errorf("head or tail is missing: %.100q", res.Text)
		}
		if grown := residentBytes(t) - rss; grown > 20<<20 {
			t.Errorf("%d bytes of output took %d bytes of memory", res.TotalBytes, grown)
		}
	}},
	{"sleep 100 & then the shell exits 0", func(t *testing.T, s *server) {
		begin := time.Now()
		wantText(t, s.rt, "sleep 100 & echo ok", "ok\n")
		took(t, begin, time.Second+busy)
	}},
	{"timeout while a grandchild holds stdout", func(t *testing.T, s *server) {
		begin := time.Now()
		res := s.rt.Bash(t.Context(), "(setsid sleep 100 &) & sleep 100", runtime.BashOptions{Timeout: time.Second})
		took(t, begin, time.Second+backWithin+busy)
		if !res.TimedOut || !strings.HasSuffix(res.Text, "[timeout after 1s]") {
			t.Errorf("timedOut %t:\n%s", res.TimedOut, res.Text)
		}
	}},
	{"fork bomb", forkBomb},
	{"1 GB to the workspace", func(t *testing.T, s *server) {
		if s.rt.Info().Limits.FileBytes == 0 {
			t.Skip("files have no limit here")
		}
		res := bash(t, s.rt, "head -c 1000000000 /dev/zero >big; a=$?; wc -c <big; rm big; exit $a")
		if want := fmt.Sprintf("\n%d\n", faultLimits.FileBytes); *res.ExitCode == 0 || !strings.Contains(res.Text, want) {
			t.Errorf("exit code %d, want%s%s", *res.ExitCode, want, res.Text)
		}
	}},
	{"1 GB to /tmp", func(t *testing.T, s *server) {
		if !enclosed(s.rt) {
			t.Skip("/tmp is the host's, or there is none")
		}
		res := bash(t, s.rt, `i=0; while [ $i -lt 64 ] && head -c 16000000 /dev/zero >/tmp/f$i; do i=$((i+1)); done; echo $i files; rm -f /tmp/f*`)
		if strings.Contains(res.Text, "\n64 files\n") || strings.Contains(res.Text, "\n0 files\n") {
			t.Errorf("all of it was written, or nothing: %s", res.Text)
		}
	}},
	{"output with NUL, invalid UTF-8, half a rune at the cap, lone CR", func(t *testing.T, s *server) {
		wantText(t, s.rt, `printf 'a\000b\rc\377\303\244\n'`, "a\x00b\rc\uFFFDä\n")
		for _, shift := range []string{"", "x"} { // one of them has the cap inside a rune
			res := bash(t, s.rt, "printf '"+shift+"'; yes ä | head -n 100000 | tr -d '\\n'; printf '"+shift+"'")
			if !res.Truncated || res.TotalBytes != int64(200000+2*len(shift)) || !strings.Contains(res.Text, " bytes omitted …]") {
				t.Errorf("truncated %t, %d bytes", res.Truncated, res.TotalBytes)
			}
			if !utf8.ValidString(res.Text) || strings.ContainsRune(res.Text, utf8.RuneError) {
				t.Error("a rune is broken")
			}
			var back runtime.Result
			wire, err := json.Marshal(res)
			if err == nil {
				err = json.Unmarshal(wire, &back)
			}
			if diff := cmp.Diff(res, back); err != nil || diff != "" {
				t.Errorf("on the wire: %v, %s", err, diff)
			}
		}
	}},
	{"env, /proc/1/environ, /proc/$PPID/environ", func(t *testing.T, s *server) {
		res := bash(t, s.rt, `env; cat /proc/1/environ /proc/$PPID/environ /proc/self/environ 2>/dev/null; echo "[$OPENAI_API_KEY]"; set`)
		if strings.Contains(res.Text, s.key) || !strings.Contains(res.Text, "PATH=") {
			t.Errorf("a command sees:\n%s", res.Text)
		}
		if enclosed(s.rt) {
			if res := bash(t, s.rt, "cat /proc/[0-9]*/environ 2>/dev/null; true"); strings.Contains(res.Text, s.key) {
				t.Error("the key is in some process's environment")
			}
		}
	}},
	{"command with bidi, zero-width, ESC or CR characters", func(t *testing.T, s *server) {
		odd := "a\u202eb\u200bc\x1b]0;x\x07d\re"
		wantText(t, s.rt, "printf '%s' '"+odd+"'", odd)
	}},
	{"parent cancelled while five children run", cancelFive},
}

// enclosed reports whether commands have a /tmp and a /proc of their own.
func enclosed(rt *runtime.Runtime) bool {
	level := rt.Info().Sandbox
	return level == runtime.SandboxContainer || level == runtime.SandboxStrong
}

// forkBomb runs a fork bomb, during which the host must be able to fork. Where
// the number of processes is not limited the bomb is bounded, to protect the
// machine.
func forkBomb(t *testing.T, s *server) {
	bomb := "b() { b | b & }; b; while :; do b; done"
	if s.rt.Info().Limits.PIDs == 0 {
		bomb = "b() { [ $1 -gt 8 ] && sleep 100; b $(($1+1)) & b $(($1+1)) & wait; }; b 0"
	}
	ended := make(chan runtime.Result, 1)
	begin := time.Now()
	go func() { ended <- s.rt.Bash(t.Context(), bomb, runtime.BashOptions{Timeout: 2 * time.Second}) }()
	for len(ended) == 0 {
		if err := exec.Command("sleep", "0.1").Run(); err != nil { //nolint:noctx // it ends by itself
			t.Errorf("the host cannot fork: %v", err)
			break
		}
	}
	res := <-ended
	took(t, begin, 10*time.Second)
	if res.ExitCode == nil && !res.TimedOut {
		t.Errorf("%v: %.300s", res.Err, res.Text)
	}
}

// cancelFive cancels the commands of five runtimes at once and closes the
// runtimes.
func cancelFive(t *testing.T, s *server) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all, started sync.WaitGroup
	for range 5 {
		rt := s.fresh(t)
		started.Add(1)
		up := sync.OnceFunc(started.Done)
		all.Go(func() {
			defer up()
			res := rt.Bash(ctx, "setsid sleep 100 & echo up; sleep 100", runtime.BashOptions{Timeout: time.Hour, Output: func(string) { up() }})
			if !strings.HasSuffix(res.Text, "\nup\n[cancelled]") {
				t.Errorf("%v: %s", res.Err, res.Text)
			}
			if err := rt.Cleanup(context.WithoutCancel(ctx)); err != nil {
				t.Error(err)
			}
		})
	}
	started.Wait()
	begin := time.Now()
	cancel()
	all.Wait()
	took(t, begin, 2*time.Second+busy)
}

// residentBytes returns the memory of this process, 0 where it is unknown.
func residentBytes(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	var kib int
	if _, err := fmt.Sscan(string(rest), &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
