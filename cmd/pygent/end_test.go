//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServerEndsCleanly starts the real program, waits until the agent's command
// runs, and ends the server in every way that a client can. The server must be
// gone soon, in order, and nothing of the command may live on.
func TestServerEndsCleanly(t *testing.T) {
	tests := []struct {
		name string
		end  func(p *program) error
		want int // exit code; -1: any
	}{
		{"SIGTERM", func(p *program) error { return p.cmd.Process.Signal(syscall.SIGTERM) }, -1},
		{"SIGINT", func(p *program) error { return p.cmd.Process.Signal(os.Interrupt) }, -1},
		{"SIGHUP", func(p *program) error { return p.cmd.Process.Signal(syscall.SIGHUP) }, -1},
		{"end of input in the middle of a frame", func(p *program) error {
			_, err := io.WriteString(p.in, "Content-Length: 100\r\n\r\n{\"json")
			return errors.Join(err, p.in.Close())
		}, -1},
		{"end of input", func(p *program) error { return p.in.Close() }, 1},
		{"client closes stdout", func(p *program) error { return p.out.Close() }, -1},
		{"exit without shutdown", func(p *program) error { return p.send(`{"jsonrpc":"2.0","method":"exit"}`) }, 1},
		{"shutdown and exit", func(p *program) error {
			return errors.Join(p.send(`{"jsonrpc":"2.0","id":9,"method":"shutdown"}`), p.send(`{"jsonrpc":"2.0","method":"exit"}`))
		}, 0},
	}
	tests = append(tests, tests[0])
	last := &tests[len(tests)-1]
	last.name, last.end = "SIGKILL", func(p *program) error { return p.cmd.Process.Kill() }
	for _, tt := range tests {
		for _, flags := range [][]string{nil, {"--sandbox=none"}} {
			t.Run(tt.name+strings.Join(flags, " "), func(t *testing.T) { endsCleanly(t, tt.name, tt.end, tt.want, flags) })
		}
	}
}

func endsCleanly(t *testing.T, name string, end func(*program) error, want int, flags []string) {
	t.Parallel()
	p := startProgram(t, flags...)
	if err := end(p); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t, name != "SIGKILL"); want >= 0 && code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	if name == "SIGKILL" {
		for range 200 { // the supervisor ends what runs when it is orphaned
			if marked(t, p.marker) == 0 {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d processes of the command live on after 2 s", marked(t, p.marker))
		return
	}
	if left := marked(t, p.marker); left != 0 {
		t.Errorf("%d processes of the command live on", left)
	}
	if left, _ := filepath.Glob(filepath.Join(p.tmp, "pygent-*")); len(left) > 0 {
		t.Errorf("workspaces are left: %q", left)
	}
}

// TestShutdownEndsTasksAndTurns proves that shutdown answers when nothing runs any
// more, tasks and turns that nobody waits for included, and that their ends are
// told before.
func TestShutdownEndsTasksAndTurns(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	var lines []string
	for _, msg := range []string{
		`{"jsonrpc":"2.0","id":3,"method":"tasks/start","params":{"prompt":"go"}}`,
		`{"jsonrpc":"2.0","id":4,"method":"agent/step","params":{"prompt":"go","wait":false,"ifBusy":"queue"}}`,
	} {
		if err := p.send(msg); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 200 {
		if marked(t, p.marker) >= 6 { // the step's command and the task's
			break
		}
		if n == 199 {
			t.Fatal("the task's command did not start")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := p.send(`{"jsonrpc":"2.0","id":9,"method":"shutdown"}`); err != nil {
		t.Fatal(err)
	}
	for line := range p.lines {
		lines = append(lines, line)
		if strings.Contains(line, `"id":9,`) {
			break
		}
	}
	if left := marked(t, p.marker); left != 0 {
		t.Errorf("shutdown has answered and %d processes live", left)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{`"method":"tasks/changed"`, `"state":"cancelled"`, `"kind":"turnFinished"`, `"id":2,"result"`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s before the answer to shutdown", want)
		}
	}
	if err := p.send(`{"jsonrpc":"2.0","method":"exit"}`); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t, true); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// program is a running server whose agent runs `sleep` in a few ways.
type program struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	lines  chan string // what the server says, a message each
	tmp    string
	marker string // stands in the command line of each process of the command
}

func startProgram(t *testing.T, flags ...string) *program {
	t.Helper()
	return startProgramIn(t, t.TempDir(), flags...)
}

// startProgramIn starts it with its state and temporary files in dir.
func startProgramIn(t *testing.T, dir string, flags ...string) *program {
	t.Helper()
	p := &program{tmp: dir, marker: strconv.Itoa(100_000 + time.Now().Nanosecond()%100_000_000)}
	script := `{"messages":[{"role":"user"}],"reply":{"message":{"toolCalls":[{"name":"bash","arguments":{"cmd":"echo up; setsid sleep ` + p.marker + ` & sleep ` + p.marker + ` & sleep ` + p.marker + `","timeout":600}}]}}}`
	replay := filepath.Join(dir, "replay.jsonl")
	if err := os.WriteFile(replay, []byte(script+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command("pygent", append([]string{"serve", "--no-docker", "--replay", replay}, flags...)...)
	p.cmd.Env = append(os.Environ(), "TMPDIR="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	for _, msg := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`,
		`{"jsonrpc":"2.0","id":2,"method":"agent/step","params":{"prompt":"go"}}`,
	} {
		if err := p.send(msg); err != nil {
			t.Fatal(err)
		}
	}
	p.lines = make(chan string, 10_000) // never full: the reader must not wait
	go p.read()
	for line := range p.lines {
		if strings.Contains(line, `"delta":"up`) {
			break
		}
	}
	for range 200 {
		if marked(t, p.marker) >= 3 {
			return p
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the command's processes did not start")
	return nil
}

// read splits the output into messages; it ends with the pipe.
func (p *program) read() {
	defer close(p.lines)
	r := bufio.NewReader(p.out)
	for {
		var n int
		head, err := r.ReadString('\n')
		if _, scanErr := fmt.Sscanf(head, "Content-Length: %d", &n); err != nil || scanErr != nil {
			return
		}
		body := make([]byte, 2+n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		p.lines <- string(body[2:])
	}
}

func (p *program) send(msg string) error {
	_, err := io.WriteString(p.in, "Content-Length: "+strconv.Itoa(len(msg))+"\r\n\r\n"+msg)
	return err
}

// wait waits for the end of the server, within the bound that it promises and a
// little for a slow machine.
func (p *program) wait(t *testing.T, inOrder bool) int {
	t.Helper()
	state := make(chan *os.ProcessState, 1)
	go func() {
		s, _ := p.cmd.Process.Wait()
		state <- s
	}()
	select {
	case s := <-state:
		if s == nil {
			t.Fatal("no exit state")
		}
		if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() && inOrder {
			t.Errorf("the server died by %s", ws.Signal())
		}
		return s.ExitCode()
	case <-time.After(15 * time.Second):
		t.Fatal("the server did not end")
		return 0
	}
}

// marked counts the processes whose command line holds marker.
func marked(t *testing.T, marker string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && strings.HasPrefix(string(text), "sleep\x00"+marker) {
			n++
		}
	}
	return n
}
