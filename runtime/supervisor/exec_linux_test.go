package supervisor_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/supervisor"
)

func TestExits(t *testing.T) {
	c := startChild(t)
	for script, want := range map[string]runtime.Exit{
		"true":          {},
		"exit 3":        {Code: 3},
		"kill -SEGV $$": {Code: 128 + 11, Signal: "SIGSEGV"},
		"kill -KILL $$": {Code: 128 + 9, Signal: "SIGKILL"},
		"kill -TERM $$": {Code: 128 + 15, Signal: "SIGTERM"},
	} {
		got, err := c.Exec(t.Context(), sh(script), io.Discard)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", script, got, err, want)
		}
	}
}

func TestOutputIsRaw(t *testing.T) {
	c := startChild(t)
	var out bytes.Buffer
	cmd := sh(`printf '\000\377%s' "$1$X"; cat; echo err >&2`)
	cmd.Argv = append(cmd.Argv, "sh", "arg\xfe")
	cmd.Env = append(cmd.Env, "X=env\xfd")
	if _, err := c.Exec(t.Context(), cmd, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("\x00\xffarg\xfeenv\xfderr\n", out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNotStartedIsUnavailable(t *testing.T) {
	c := startChild(t)
	dir := t.TempDir()
	if err := os.Symlink("/", dir+"/out"); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []supervisor.Start{
		{Argv: []string{"/no/such/shell"}, Dir: "/"},
		{Argv: []string{"/bin/sh"}, Dir: "/no/such/dir"},
		{Argv: []string{"/bin/sh"}, Root: dir, Dir: ".."},
		{Argv: []string{"/bin/sh"}, Root: dir, Dir: "out"},
	} {
		if _, err := c.Exec(t.Context(), cmd, io.Discard); !errors.Is(err, runtime.ErrUnavailable) {
			t.Errorf("%+v: %v", cmd, err)
		}
	}
	if _, err := c.Exec(t.Context(), sh("true"), io.Discard); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// slowly blocks writes until they are allowed.
type slowly struct {
	open  chan struct{}
	bytes int
}

func (s *slowly) Write(p []byte) (int, error) {
	<-s.open
	s.bytes += len(p)
	return len(p), nil
}

// TestSlowConsumerHoldsUpNobody: neither other commands nor their signals.
func TestSlowConsumerHoldsUpNobody(t *testing.T) {
	c := startChild(t)
	slow := &slowly{open: make(chan struct{})}
	const total = 5_000_000
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := c.Exec(t.Context(), sh("head -c "+strconv.Itoa(total)+" /dev/zero"), slow); err != nil {
			t.Error(err)
		}
	})
	for range 20 {
		var out bytes.Buffer
		if _, err := c.Exec(t.Context(), sh("head -c 1000000 /dev/zero"), &out); err != nil || out.Len() != 1_000_000 {
			t.Errorf("%d bytes, %v", out.Len(), err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Exec(ctx, sh("sleep 100"), io.Discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(slow.open)
	all.Wait()
	if slow.bytes != total {
		t.Errorf("%d bytes came, %d were written", slow.bytes, total)
	}
}

func TestOwnTimeoutOfTheChild(t *testing.T) {
	c := startChild(t)
	cmd := sh("setsid sleep 100 & sleep 100")
	cmd.Timeout = 200 * time.Millisecond
	_, err := c.Exec(t.Context(), cmd, io.Discard)
	var limit *runtime.TimeoutError
	if !errors.As(err, &limit) {
		t.Errorf("got %v", err)
	}
}

// TestLeftoversGoAndOverlappingCommandsStay: they are distinguished though
// sessions, parents and environments are changed.
func TestLeftoversGoAndOverlappingCommandsStay(t *testing.T) {
	c := startChild(t)
	dir := t.TempDir()
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	all.Go(func() {
		_, _ = c.Exec(ctx, sh("(env -i setsid /bin/sh -c 'while :; do echo x >>"+dir+"/job; /bin/sleep 0.05; done' >/dev/null 2>&1 &); sleep 100"), io.Discard)
	})
	grows := func(name string) bool {
		size := func() int64 {
			info, err := os.Stat(dir + "/" + name)
			if err != nil {
				return 0
			}
			return info.Size()
		}
		before := size()
		for range 40 {
			time.Sleep(10 * time.Millisecond)
			if size() > before {
				return true
			}
		}
		return false
	}
	for !grows("job") {
		continue
	}
	if _, err := c.Exec(t.Context(), sh("(env -i setsid /bin/sh -c 'while :; do echo x >>"+dir+"/left; /bin/sleep 0.05; done' >/dev/null 2>&1 &); sleep 0.3"), io.Discard); err != nil {
		t.Fatal(err)
	}
	if grows("left") {
		t.Error("the daemon of a command that has ended is alive")
	}
	if !grows("job") {
		t.Error("the daemon of a command that runs was killed")
	}
	stop()
	all.Wait()
	if grows("job") {
		t.Error("the daemon outlived the cancelled command")
	}
}

func TestDeathOfTheChildIsUnavailable(t *testing.T) {
	c := startChild(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if exit, err := c.Exec(t.Context(), sh("sleep 100"), io.Discard); !errors.Is(err, runtime.ErrUnavailable) {
				t.Errorf("%+v, %v", exit, err)
			}
		})
	}
	time.Sleep(100 * time.Millisecond) // allows most of them to start; all must fail in either case
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if _, err := c.Exec(t.Context(), sh("true"), io.Discard); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("afterwards: %v", err)
	}
}

// TestEndOfInputEndsAll: a host that dies leaves nothing.
func TestEndOfInputEndsAll(t *testing.T) {
	c := startChild(t)
	dir := t.TempDir()
	var all sync.WaitGroup
	all.Go(func() {
		_, err := c.Exec(t.Context(), sh("setsid sh -c 'echo $$ >"+dir+"/pid; exec sleep 100' & sleep 100"), io.Discard)
		if !errors.Is(err, runtime.ErrUnavailable) {
			t.Error(err)
		}
	})
	var pid int
	for pid == 0 {
		text, _ := os.ReadFile(dir + "/pid")
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		time.Sleep(time.Millisecond)
	}
	_ = c.Close()
	all.Wait()
	_ = c.cmd.Wait()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the daemon %d: %v", pid, err)
	}
}

func TestMalformedFrameEndsTheChild(t *testing.T) {
	for _, frame := range []string{"\xff\xff\xff\xff\x01\x00\x00\x00\x00", "\x00\x00\x00\x05\x63\x00\x00\x00\x00", "\x00\x00\x00\x07\x02\x00\x00\x00\x00{}", "\x00\x00\x00\x05\x08\x00\x00\x00\x00", "\x00\x00\x00\x06\x03\x00\x00\x00\x001"} {
		cmd := exec.Command("/proc/self/exe", supervisor.Arg)
		cmd.Stdin = strings.NewReader(frame)
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%q: %v", frame, err)
		}
	}
}
