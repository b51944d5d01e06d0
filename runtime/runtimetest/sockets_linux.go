package runtimetest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
)

// SocketArg is the first argument by which a program calls SocketProgram with
// the arguments after it.
const SocketArg = "__socket"

// SocketProgram runs "serve PATH", which prints "listening" and sends each
// client a greeting, or "get PATH", which prints the greeting. It returns an
// exit code.
func SocketProgram(args []string, out io.Writer) int {
	if len(args) != 2 {
		_, _ = fmt.Fprintln(out, "usage: serve PATH or get PATH")
		return 2
	}
	var err error
	if args[0] == "serve" {
		err = greet(args[1], out)
	} else {
		err = beGreeted(args[1], out)
	}
	if err != nil {
		_, _ = fmt.Fprintln(out, "failed:", err)
		return 1
	}
	return 0
}

func greet(path string, out io.Writer) error {
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "listening")
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		_, _ = io.WriteString(c, "hello")
		_ = c.Close()
	}
}

func beGreeted(path string, out io.Writer) error {
	c, err := net.DialTimeout("unix", path, 5*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	text, err := io.ReadAll(io.LimitReader(c, 100))
	_, _ = fmt.Fprintf(out, "got %s\n", text)
	return err
}

// hostService is a program on the host that serves a socket and counts its
// clients.
type hostService struct {
	net.Listener
	came atomic.Int64
}

func serveOnHost(t *testing.T, path string) *hostService {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &hostService{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.came.Add(1)
			_, _ = io.WriteString(c, "owned")
			_ = c.Close()
		}
	}()
	return s
}

// HostSockets checks that commands do not reach sockets and FIFOs in the
// workspace that the host serves, and do reach their own. rt must not have run
// a command; program is the shell command that calls SocketProgram.
func HostSockets(t *testing.T, rt *runtime.Runtime, program string) {
	dir := rt.Workspace().Dir()
	run := func(script string) string {
		t.Helper()
		res := rt.Bash(t.Context(), script, runtime.BashOptions{Timeout: time.Minute})
		if res.Err != nil {
			t.Fatalf("%s: %s", script, res.Text)
		}
		return res.Text
	}
	cut := func(s *hostService, path string) {
		t.Helper()
		text := run(program + " get " + path)
		if n := s.came.Load(); n > 0 || !strings.Contains(text, "failed: ") {
			t.Errorf("%s was reached, %d times: %s", path, n, text)
		}
	}
	before := serveOnHost(t, filepath.Join(dir, "tmux-0/default"))
	hidden := serveOnHost(t, filepath.Join(dir, "node_modules/a/.git/b/ipc"))
	pipe := readOnHost(t, filepath.Join(dir, "pipe"))
	text := run(program + " get tmux-0/default")
	for _, want := range []string{"failed: ", `"tmux-0/default"`, `"pipe"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s: %s", want, text)
		}
	}
	cut(before, "tmux-0/default")
	cut(before, dirInside(t, rt)+"/tmux-0/default")
	cut(hidden, "node_modules/a/.git/b/ipc")
	run("ln -s tmux-0 link; ln tmux-0/default hard; mv tmux-0 moved; true")
	cut(before, "moved/default")
	cut(before, "link/default")
	cut(before, "hard")
	run("mv moved tmux-0")
	run("(exec 3<>pipe; echo owned >&3) & wait; true")
	if n, err := pipe.Read(make([]byte, 10)); n > 0 {
		t.Errorf("%d bytes came by the FIFO: %v", n, err)
	}

	later := serveOnHost(t, filepath.Join(dir, "later"))
	cut(later, "later")
	_ = before.Close()
	again := serveOnHost(t, filepath.Join(dir, "tmux-0/default"))
	cut(again, "tmux-0/default")

	job := startService(t, rt, program, "own")
	meanwhile := serveOnHost(t, filepath.Join(dir, "meanwhile"))
	if text := run(program + " get own"); !strings.Contains(text, "got hello") || !strings.Contains(text, `serve the socket "meanwhile"`) {
		t.Errorf("a socket of the host's beside a job: %s", text)
	}
	job.Kill()
	<-job.Done()
	cut(meanwhile, "meanwhile")
	OwnSockets(t, rt, program)
}

// LeftFIFO checks that commands can remove a FIFO that an earlier sandbox has
// left, and that it is masked once a program on the host has opened it. begin
// makes a runtime in a new workspace.
func LeftFIFO(t *testing.T, begin func() *runtime.Runtime) {
	t.Helper()
	rt, dir := leftFIFOs(t, begin)
	pipe, err := os.OpenFile(filepath.Join(dir, "left"), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	for end := time.Now().Add(20 * time.Second); ; { // the runtime checks once in a while
		res := rt.Bash(t.Context(), "true", runtime.BashOptions{})
		if strings.Contains(res.Text, `"left"`) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it is not masked: %s", res.Text)
		}
	}
	rt.Bash(t.Context(), "(exec 3<>left; echo owned >&3) & wait", runtime.BashOptions{})
	_ = pipe.SetReadDeadline(time.Now())
	if n, err := pipe.Read(make([]byte, 10)); n > 0 {
		t.Errorf("%d bytes came by the FIFO: %v", n, err)
	}
}

// leftFIFOs makes a runtime whose first command removes one FIFO of two. While
// some program of the machine waits to open any FIFO, both are masked, because
// it could wait for them; then leftFIFOs begins again.
func leftFIFOs(t *testing.T, begin func() *runtime.Runtime) (rt *runtime.Runtime, dir string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		rt = begin()
		dir = rt.Workspace().Dir()
		for _, name := range []string{"left", "build/p"} {
			if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), syscall.Mkfifo(filepath.Join(dir, name), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		res := rt.Bash(t.Context(), "rm -r build && echo gone", runtime.BashOptions{})
		if strings.HasSuffix(res.Text, "gone\n") {
			return rt, dir
		}
		if !strings.Contains(res.Text, `"build/p"`) || time.Now().After(end) {
			t.Fatalf("%s", res.Text)
		}
	}
}

// OwnSockets checks that commands reach sockets that they serve themselves, and
// that their sandbox is not made anew because of these.
func OwnSockets(t *testing.T, rt *runtime.Runtime, program string) {
	t.Helper()
	run := func(script string) string {
		t.Helper()
		return rt.Bash(t.Context(), script, runtime.BashOptions{Timeout: time.Minute}).Text
	}
	run("echo kept >/tmp/file; rm -f own")
	job := startService(t, rt, program, "own")
	for range 2 {
		if text := run(program + " get own; cat /tmp/file"); !strings.Contains(text, "got hello\nkept") || strings.Contains(text, "serve the socket") {
			t.Errorf("a job and a command: %s", text)
		}
	}
	job.Kill()
	<-job.Done()
	if text := run("rm own && echo removed"); !strings.Contains(text, "\nremoved") {
		t.Errorf("what is left of a job's socket: %s", text)
	}
	for _, place := range []string{"own", "/tmp/own", "$HOME/own"} {
		text := run("rm -f " + place + "; " + program + " serve " + place + " & until " + program + " get " + place + "; do :; done 2>/dev/null | tail -1")
		if !strings.Contains(text, "got hello") {
			t.Errorf("%s: %s", place, text)
		}
	}
	if text := run("cat /tmp/file"); !strings.Contains(text, "\nkept") {
		t.Errorf("the sandbox was made anew: %s", text)
	}
}

// dirInside returns the path of the workspace for commands.
func dirInside(t *testing.T, rt *runtime.Runtime) string {
	t.Helper()
	res := rt.Bash(t.Context(), "pwd", runtime.BashOptions{})
	lines := strings.Split(strings.TrimSpace(res.Text), "\n")
	return lines[len(lines)-1]
}

func startService(t *testing.T, rt *runtime.Runtime, program, path string) *runtime.Job {
	t.Helper()
	j, err := rt.Start(program+" serve "+path, runtime.JobOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(j.State().Result.Text, "listening"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s", j.State().Result.Text)
		}
	}
	return j
}

// readOnHost makes a FIFO that a program on the host reads, without waiting.
func readOnHost(t *testing.T, path string) *os.File {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if err := f.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	return f
}
